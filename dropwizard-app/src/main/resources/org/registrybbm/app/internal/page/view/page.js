// Brings what changes up to date, and gives keys to those who like them. Everything works without it.
"use strict";

(() => {
  const live = document.querySelector("[data-live]");
  const spoken = document.getElementById("spoken");
  let tag = null;
  let failures = 0;
  let last = Date.now();

  const busy = () => {
    const selected = document.getSelection();
    return document.hidden || (selected && !selected.isCollapsed && live.contains(selected.anchorNode));
  };

  const replace = (next) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.id : null;
    const open = [...live.querySelectorAll("details")].map((one) => one.open);
    live.replaceChildren(...next.childNodes);
    live.querySelectorAll("details").forEach((one, i) => { one.open = Boolean(open[i]); });
    if (focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    // Only what somebody would call news is spoken, and not each number.
    const say = next.dataset.say;
    if (say && say !== live.dataset.say) {
      spoken.textContent = say;
      live.dataset.say = say;
    }
  };

  const old = () => {
    const age = live.querySelector(".age");
    if (age && failures > 0) {
      age.className = "age old";
      age.textContent = `not updated for ${Math.round((Date.now() - last) / 1000)} s`;
    }
  };

  const update = async () => {
    if (busy()) {
      return;
    }
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(location.href, { headers, cache: "no-store", redirect: "error" });
      if (answer.status !== 200 && answer.status !== 304) {
        throw new Error(String(answer.status));
      }
      if (answer.status === 200) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = page.querySelector("[data-live]");
        if (!busy() && next) {
          replace(next);
          tag = answer.headers.get("ETag");
        }
      }
      failures = 0;
      last = Date.now();
    } catch {
      failures++;
      old();
    }
  };

  const loop = async () => {
    await update();
    setTimeout(loop, Math.min(30000, 2000 * 2 ** failures));
  };

  const rows = () => [...document.querySelectorAll(".migrations .name")];

  const step = (by) => {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
  };

  const keys = {
    "/": () => document.getElementById("search")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    p: () => {
      const row = document.activeElement?.closest("li");
      const link = row ? row.querySelector(".act") : document.getElementById("pause") ?? document.getElementById("start");
      link?.click();
    },
    r: () => { if (live) { update(); } },
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  if (live) {
    setTimeout(loop, 2000);
    document.addEventListener("visibilitychange", update);
  }
})();
