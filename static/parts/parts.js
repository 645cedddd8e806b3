/** The two switches of the page of parts: theme and direction. */

/** @type {Record<string, string>} which attribute of the page each switch sets */
const attributes = { theme: "data-theme", dir: "dir" };

for (const group of document.querySelectorAll("[data-switch]")) {
  group.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    const attribute = attributes[group.getAttribute("data-switch") ?? ""];
    document.documentElement.setAttribute(attribute, button.value);
    for (const other of group.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  });
}
