/** What this browser keeps for its members: words on their way, and drafts. Gone after sign-out. */

/** @typedef {"outbox" | "drafts"} Shelf */

const NAME = "rialto";
const VERSION = 1;

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/** @returns {Promise<IDBDatabase>} */
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("outbox", { keyPath: ["member", "client_key"] });
      request.result.createObjectStore("drafts", { keyPath: ["member", "place"] });
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      // Another tab signs out: it can only delete the database when nobody holds it.
      request.result.onversionchange = () => {
        request.result.close();
        opening = null;
      };
      resolve(request.result);
    };
  });
  return opening;
}

/**
 * @template T
 * @param {Shelf} shelf @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} fulfilled after the transaction is complete
 */
async function within(shelf, mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(shelf, mode, { durability: "strict" });
    const request = act(transaction.objectStore(shelf));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/**
 * The rows of one member on one shelf.
 * @template {object} T
 */
export class LocalShelf {
  /** @param {Shelf} shelf @param {string} member @param {string} key which field of a row tells it apart */
  constructor(shelf, member, key) {
    this.shelf = shelf;
    this.member = member;
    this.key = key;
  }

  /** @returns {Promise<T[]>} */
  async all() {
    const rows = await within(this.shelf, "readonly", (store) => store.getAll(IDBKeyRange.bound([this.member], [this.member, []])));
    return rows.map(({ member: _, ...row }) => row);
  }

  /** @param {T} row */
  async put(row) {
    await within(this.shelf, "readwrite", (store) => store.put({ ...row, member: this.member }));
  }

  /** @param {string} key */
  async delete(key) {
    await within(this.shelf, "readwrite", (store) => store.delete([this.member, key]));
  }
}

/** Takes away everything that this browser keeps; done at sign-out. @returns {Promise<void>} */
export async function wipe() {
  (await opening?.catch(() => null))?.close();
  opening = null;
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onerror = request.onblocked = () => resolve(undefined);
  });
}
