// A WebSocket that comes back after the connection was lost.

const LONGEST_WAIT = 15000; // ms

/**
 * @typedef {object} SocketListener
 * @property {() => void} open
 * @property {() => void} loss
 * @property {(data: string|ArrayBuffer) => void} message
 */

/**
 * Keep a connection open. `connect(address)` goes to an address at once, and again to what `addressOf()` gives after
 * each loss.
 * @param {() => URL} addressOf
 * @param {SocketListener} listener
 */
export function createSocket(addressOf, listener) {
  /** @type {WebSocket|null} */
  let current = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let attempts = 0, over = false;

  /** @param {URL} address */
  function connect(address) {
    if (over) return;
    clearTimeout(timer);
    const socket = new WebSocket(address);
    const previous = current;
    current = socket;
    previous?.close();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket !== current) return;
      attempts = 0;
      listener.open();
    };
    socket.onmessage = ({ data }) => {
      if (socket === current) listener.message(data);
    };
    socket.onclose = () => {
      if (socket !== current || over) return;
      listener.loss();
      // doubling, and not all viewers of a lecture hall at the same moment
      const wait = Math.min(LONGEST_WAIT, 400 * 2 ** attempts++) * (0.75 + Math.random() / 2);
      timer = setTimeout(() => connect(addressOf()), wait);
    };
  }

  return {
    connect,
    get open() { return current?.readyState === WebSocket.OPEN; },
    /** @param {string} text */
    send(text) { current?.send(text); },
    close() {
      over = true;
      clearTimeout(timer);
      current?.close();
    },
  };
}
