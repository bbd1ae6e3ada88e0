/** A drawing that is wider than its place is scrolled to where the run stands, else to where it was, else to the first step. */

const PLACES = [".g-current", ".g-visited", ".g-node"];

export function showWhereItStands(): void {
  for (const drawing of document.querySelectorAll(".drawing")) {
    const node = PLACES.map((place) => drawing.querySelector(place)).find((each) => each !== null);
    if (!node || drawing.scrollWidth <= drawing.clientWidth) continue;
    const { left, width } = node.getBoundingClientRect();
    const box = drawing.getBoundingClientRect();
    drawing.scrollLeft += left + width / 2 - (box.left + box.width / 2);
  }
}
