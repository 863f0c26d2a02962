// The Streamlit page as a host: frames come from the server, edits go to Python.

import { openFeed } from "../data/feed.js";

/**
 * @param {(name: "edited"|"forked"|"rested", value: object) => void} trigger   sets a value of the component
 * @returns {import("../index.js").Host}
 */
export const createHost = (trigger) => ({
  open: openFeed,
  edit: (edit) => trigger("edited", edit),
  fork: (fork) => trigger("forked", fork),
  rest: (rest) => trigger("rested", rest),
});
