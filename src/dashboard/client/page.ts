/** What the page does in the browser beyond plain HTML; the pages can be read without it. */
export {};
