"use strict";
// Keeps the page fresh: whenever the server says that something changed, the same address is fetched again and the
// parts of it that live are replaced. Without this script the page shows what was true when it was loaded.
(() => {
  const PAUSE = 1000;
  let due = null;
  let running = false;
  let again = false;

  const connection = (text) => {
    const place = document.getElementById("connection");
    if (place && place.textContent !== text) place.textContent = text;
  };

  // What a person has hold of stays as it is.
  const held = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select");

  const replace = (page) => {
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || held(part) || part.innerHTML === fresh.innerHTML) continue;
      const focus = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      const wide = [...part.querySelectorAll(".wide")].map((it) => it.scrollLeft);
      part.replaceChildren(...fresh.childNodes);
      [...part.querySelectorAll(".wide")].forEach((it, at) => { it.scrollLeft = wide[at] || 0; });
      if (focus) [...part.querySelectorAll("a")].find((it) => it.getAttribute("href") === focus)?.focus();
    }
  };

  const refresh = async () => {
    due = null;
    if (running) { again = true; return; }
    running = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const text = await answer.text();
      if (answer.ok || answer.status === 404) {
        replace(new DOMParser().parseFromString(text, "text/html"));
        connection("");
      } else {
        connection(" · the server says: " + answer.status);
      }
    } catch {
      connection(" · no connection; this may be out of date");
    }
    running = false;
    if (again) { again = false; soon(); }
  };

  const soon = () => {
    if (document.hidden) return;
    due ??= setTimeout(refresh, PAUSE);
  };

  // A browser has six connections to a server, for all tabs together: whoever is not looked at keeps none.
  let source = null;

  const listen = () => {
    if (source || document.hidden) return;
    source = new EventSource("/api/v1/events/stream");
    for (const kind of ["event", "rows", "reset", "open"]) source.addEventListener(kind, soon);
    source.addEventListener("error", () => connection(" · no connection; this may be out of date"));
  };

  const leave = () => {
    source?.close();
    source = null;
  };

  // The button that asks for a read. It stands outside of what is replaced, so that neither it nor its answer goes.
  const button = document.getElementById("read-now");

  const read = async () => {
    const says = document.getElementById("read-now-says");
    const say = (text) => { says.textContent = text; };
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    say("");
    try {
      const answer = await fetch("/api/v1/refresh", {
        method: "POST",
        headers: { "content-type": "application/json", "x-evenkeel-request": "1" },
        body: JSON.stringify({ objects: [button.dataset.object] }),
      });
      const body = await answer.json().catch(() => ({}));
      say(answer.ok ? "Asked for; the page shows what is found." : "Not read: " + (body.error || answer.status));
    } catch {
      say("Not read: no connection.");
    }
    button.removeAttribute("aria-disabled");
  };

  if (button) {
    button.parentElement.hidden = false;
    button.addEventListener("click", read);
  }

  document.addEventListener("visibilitychange", () => document.hidden ? leave() : listen());
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", listen);
  // Ages grow though nothing happens.
  setInterval(soon, 30000);
})();
