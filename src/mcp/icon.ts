/** The server's icon, for clients that show one: three steps and the way between them. */
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#4a7ebb" stroke-width="2"><path d="M6 5h8a4 4 0 0 1 0 7H9a4 4 0 0 0 0 7h9"/><circle cx="5" cy="5" r="2" fill="#4a7ebb"/><circle cx="12" cy="12" r="2" fill="#4a7ebb"/><circle cx="19" cy="19" r="2" fill="#4a7ebb"/></svg>`;

export const ICON = {
  src: `data:image/svg+xml;base64,${Buffer.from(SVG).toString("base64")}`,
  mimeType: "image/svg+xml",
  sizes: ["any"],
};
