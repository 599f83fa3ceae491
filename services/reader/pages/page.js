"use strict";
// Keeps the table new by server-sent events. What a screen reader says is told seldom: `state`.
const SAID_EVERY = 10000;
const rows = document.getElementById("rows");
const summary = document.getElementById("summary");
const state = document.getElementById("state");
const pause = document.getElementById("pause");
let source = null;
let saidAt = 0;

function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

function listen() {
  source = new EventSource(rows.dataset.stream);
  source.addEventListener("page", (event) => {
    const shown = JSON.parse(event.data);
    summary.textContent = shown.summary;
    rows.innerHTML = shown.table; // escaped by the reader; the policy of the page runs no script
    if (Date.now() - saidAt > SAID_EVERY) {
      saidAt = Date.now();
      say(`Live. ${shown.summary}`);
    }
  });
  source.addEventListener("problem", (event) => {
    const problem = JSON.parse(event.data);
    saidAt = 0;
    say(`Not live: ${problem.error}`);
  });
  source.addEventListener("error", () => {
    saidAt = 0;
    if (source.readyState === EventSource.CLOSED) {
      say("Not live: too many pages are open, or the reader is away. Trying again.");
      const tried = source;
      setTimeout(() => { if (source === tried) listen(); }, 5000);
    } else {
      say("Not live: the reader does not answer. Trying again.");
    }
  });
}

pause.hidden = false;
pause.addEventListener("click", () => {
  if (source) {
    source.close();
    source = null;
    pause.textContent = "Go on";
    say("Paused.");
  } else {
    saidAt = 0;
    pause.textContent = "Pause";
    listen();
  }
});
listen();

const form = document.getElementById("purge");
if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = document.getElementById("purged");
    const given = new FormData(form);
    const token = given.get("token");
    form.reset();
    try {
      const answer = await fetch("purge", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ confirm: given.get("confirm") }),
      });
      const body = await answer.json();
      told.textContent = answer.ok
        ? `${body.purged} events are purged.` : `Not purged: ${body.error} (${body.fix})`;
    } catch (error) {
      told.textContent = `Not purged: ${error.message}`;
    }
  });
}
