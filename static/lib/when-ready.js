/** On the page of a server that restarts: asks until it is ready, then loads the page again. */

/** Between two questions. A thousand pages that wait must not all ask at once, hence the spread. */
const PAUSE_MS = 2_000;

async function ask() {
  const isReady = await fetch("/readyz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
  if (isReady) location.reload();
  else again();
}

const again = () => setTimeout(() => void ask(), PAUSE_MS * (1 + Math.random()));

again();
