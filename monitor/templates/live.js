// Keeps an open page fresh: told of a change, it asks for its own address again and puts in what is different.
"use strict";
(() => {
  const own = document.body.dataset.portal;
  let asking = false;
  let again = false;

  const isBeingUsed = (part) => part.contains(document.activeElement) && document.activeElement.tagName !== "A"
    && document.activeElement.matches("input, textarea, select");

  const replace = (fresh) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const found = fresh.getElementById(part.id);
      if (!found || isBeingUsed(part) || found.innerHTML === part.innerHTML.replaceAll(' open=""', "")) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      const unfolded = [...part.querySelectorAll("details")].map((box) => box.open);
      const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
      part.replaceChildren(...found.childNodes);
      part.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = scrolled[index] || 0; });
      part.querySelectorAll("details").forEach((box, index) => { box.open = unfolded[index] || false; });
      if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    }
  };

  const refresh = async () => {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Part": "live", Accept: "text/html" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.reload(); return; }
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // the daemon restarts: the stream will tell when it is back
    } finally {
      asking = false;
      if (again) { again = false; setTimeout(refresh, 3000); }
    }
  };

  if (!document.querySelector("[data-live]")) return;
  const stream = new EventSource("/events");
  stream.addEventListener("changed", (event) => {
    if (document.hidden) return;
    if (!own || JSON.parse(event.data).includes(own)) refresh();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  addEventListener("pagehide", () => stream.close());
})();
