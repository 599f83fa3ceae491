// One room in this page. Messages to the server are JSON: {token, size} first, then {keys}, {size}
// and {drawn}, the bytes that the terminal has drawn; from the server come the terminal's bytes.
import { FitAddon } from "./addon-fit.mjs";
import { Terminal } from "./xterm.mjs";

const WRONG_TOKEN = 4401, TOO_MANY = 4429, LEFT = 4000;
const state = document.getElementById("state");
const again = document.getElementById("again");
const reader = document.getElementById("reader");
const terminal = new Terminal({
  cursorBlink: false,
  fontFamily: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
  fontSize: Number(new URLSearchParams(location.search).get("font")) || 14,
  scrollback: 0,
  theme: { background: "#101418" },
});
const fit = new FitAddon();
let socket = null;
let waits = 500;

function token() {
  // the fragment never leaves the browser; it is kept for this tab and taken out of the address
  if (location.hash.length > 1) {
    sessionStorage.setItem("token", location.hash.slice(1));
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("token") || "";
}

function say(text, button = false) {
  state.textContent = text;
  again.hidden = !button;
}

function send(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function open() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(`${scheme}//${location.host}/room`);
  let drew = false;
  socket = opened;
  opened.binaryType = "arraybuffer";
  opened.onopen = () => {
    terminal.reset();
    opened.send(JSON.stringify({ token: token(), size: [terminal.cols, terminal.rows] }));
  };
  opened.onmessage = (event) => {
    if (!drew) {
      drew = true;
      waits = 500;
      say("Connected.");
      terminal.focus();
    }
    const count = event.data.byteLength;
    terminal.write(new Uint8Array(event.data), () => {
      if (socket === opened) send({ drawn: count });
    });
  };
  opened.onclose = (event) => {
    if (socket !== opened) return;
    if (event.code === LEFT) say("You have left the room. Runs go on.", true);
    else if (event.code === WRONG_TOKEN) {
      say("The token is missing or wrong: open the address that controlroom serve printed.");
    } else if (event.code === TOO_MANY) say(`Not now: ${event.reason}.`, true);
    else {
      say("The connection is lost. Trying again.");
      setTimeout(() => { if (socket === opened) open(); }, waits);
      waits = Math.min(waits * 2, 5000);
    }
  };
}

function copy(text) {
  if (!navigator.clipboard) {
    say("Not copied: a browser lets pages copy over https or on this machine only.");
    return;
  }
  navigator.clipboard.writeText(text).then(
    () => say("Copied."), (error) => say(`Not copied: ${error.message}`));
}

terminal.loadAddon(fit);
terminal.open(document.getElementById("terminal"));
// the room copies by OSC 52; asking what was copied is not answered
terminal.parser.registerOscHandler(52, (data) => {
  const text = data.slice(data.indexOf(";") + 1);
  if (text !== "?") {
    copy(new TextDecoder().decode(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))));
  }
  return true;
});
// ctrl+c with something selected copies it, as everywhere in a browser; else it is the room's
terminal.attachCustomKeyEventHandler((event) => {
  if (event.type === "keydown" && event.ctrlKey && event.key === "c" && terminal.hasSelection()) {
    copy(terminal.getSelection());
    terminal.clearSelection();
    return false;
  }
  return true;
});
terminal.onData((keys) => send({ keys }));
terminal.onBinary((keys) => send({ keys }));
terminal.onResize(({ cols, rows }) => send({ size: [cols, rows] }));
new ResizeObserver(() => fit.fit()).observe(document.querySelector("main"));
again.addEventListener("click", open);
reader.addEventListener("click", () => {
  const on = !terminal.options.screenReaderMode;
  terminal.options.screenReaderMode = on;
  reader.setAttribute("aria-pressed", String(on));
  terminal.focus();
});
addEventListener("hashchange", open);
// tests and the curious read the screen here
globalThis.screenText = () => Array.from({ length: terminal.rows }, (_, row) =>
  terminal.buffer.active.getLine(row)?.translateToString(true, 0, terminal.cols) ?? "").join("\n");
fit.fit();
open();
