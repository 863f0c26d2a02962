// The Streamlit page as a host: frames come from the server, edits go to Python.

import { openFeed } from "../data/feed.js";

/**
 * @param {(name: "edit"|"fork"|"rest", value: object) => void} trigger   sets a value of the component
 * @returns {import("../index.js").Host}
 */
export const createHost = (trigger) => ({
  open: openFeed,
  edit: (edit) => trigger("edit", edit),
  fork: (fork) => trigger("fork", fork),
  rest: (rest) => trigger("rest", rest),
});
