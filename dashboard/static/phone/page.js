// Keeps what a person records on this phone until the gateway has it, and takes their pages along.
// A page without a secure context (plain http) works as before: its forms are sent by the browser.
"use strict";
(() => {
  const told = document.getElementById("phone");
  const words = JSON.parse(told.textContent);
  const root = document.documentElement;
  const person = root.dataset.person || "";
  const able = window.isSecureContext && "indexedDB" in window && "serviceWorker" in navigator && Boolean(crypto.subtle);
  const store = self.PhoneStore;
  const chip = document.getElementById("waiting");
  const TAKE_AFTER_MS = 3000; // the list comes first
  const TAKE_EVERY_MS = 600000;
  const LOOK_MS = 30000;
  const AGAIN_MS = 20000;
  const TWICE_MS = 3000; // the same button within it is a double tap
  const SENDING = new Set(["waiting", "pictures"]);
  let last = { key: "", at: 0 };
  let waiting = null; // the act of this page that the phone said it keeps

  const word = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, value), words[key] || key);
  const clock = (moment) => new Date(moment).toLocaleString(root.lang, {
    timeZone: told.dataset.zone, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const trapOf = (address) => decodeURIComponent(new URL(address, location.href).pathname.slice("/traps/".length));
  const here = () => (location.pathname.startsWith("/traps/") ? trapOf(location.href) : "");
  // When the phone got what the page shows, by its own clock: a page from the cache is older.
  const phoneSeen = () => new Date(Number(root.dataset.heard) || loaded).toISOString();
  const loaded = Date.now() - 1000 * Number(root.dataset.age || 0);

  function say(text, key = "") {
    let box = document.querySelector("#content .tap-said");
    if (!box) {
      box = document.createElement("p");
      box.className = "tap-said";
      box.setAttribute("role", "status");
      (document.querySelector("#content h1") || document.getElementById("content").firstElementChild).before(box);
    }
    box.dataset.phone = key;
    box.textContent = text;
    box.scrollIntoView({ block: "nearest" });
  }

  async function hexOf(blob) {
    const sum = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // The act that a form describes. A picture is kept as it will be sent.
  async function actOf(form, button) {
    const fields = {};
    const photos = [];
    const sent = []; // photos that the gateway has
    for (const [name, value] of new FormData(form, button)) {
      if (value instanceof Blob) {
        if (value.size) photos.push({ sha256: await hexOf(value), blob: value });
      } else if (name === "at") {
        if (value) fields.stated_at = value;
      } else if (name === "photos") sent.push(...value.split(" ").filter(Boolean));
      else if (name !== "once" && value !== "") fields[name] = value;
    }
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    return {
      id, person, device: trapOf(form.action), trap: document.querySelector("#content h1")?.textContent.trim() || "",
      fields, photos, sent, state: "waiting", at: new Date().toISOString(), seen: root.dataset.now, phoneSeen: phoneSeen(),
    };
  }

  function isAct(form, button) {
    return able && person && form.method === "post" && new URL(form.action).pathname.startsWith("/traps/")
      && (button?.name === "do" ? button.value : form.elements.do?.value) in words.acts;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (event.defaultPrevented || !isAct(form, button)) return;
    event.preventDefault();
    const key = `${form.action} ${button?.value} ${new URLSearchParams(new FormData(form))}`;
    if (last.key === key && Date.now() - last.at < TWICE_MS) return;
    last = { key, at: Date.now() };
    record(form, button).catch(() => { // nothing can be kept here: the browser sends the form itself
      if (button) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
      form.submit();
    });
  });

  async function record(form, button) {
    const act = await actOf(form, button);
    act.no = await store.put(act);
    form.closest("details")?.removeAttribute("open");
    say(word("phone.sending"), "sending");
    await show();
    navigator.storage?.persist?.();
    (await ready())?.sync?.register("acts").catch(() => {});
    const stopped = await self.PhoneSend.send(person);
    last.at = 0;
    await show();
    await tell(act, stopped);
  }

  async function tell(act, stopped) {
    const found = (await store.all()).find((one) => one.no === act.no);
    waiting = SENDING.has(found?.state) ? found : null;
    if (found?.state === "done" || found?.state === "pictures") {
      say(found.state === "done" ? found.text : `${found.text} ${word("phone.pictures")}`, "done");
      await renew();
    } else if (found?.state === "conflict" || found?.state === "refused") {
      say(`${found.text} `, found.state);
      const link = Object.assign(document.createElement("a"), { href: "/phone", textContent: word("phone.decide") });
      document.querySelector("#content .tap-said").append(link);
    } else {
      say(word(stopped === "login" ? "phone.login" : "phone.kept", { time: clock(act.at) }), "kept");
      next();
    }
  }

  // The page again, with the state after the act; what was said stays.
  async function renew() {
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(20000), redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = document.querySelector("#content .tap-said");
      const main = fresh.getElementById("content");
      if (!main) return;
      main.querySelector(".tap-said")?.remove();
      document.getElementById("content").replaceChildren(...main.childNodes);
      if (said) (document.querySelector("#content h1") || document.getElementById("content").firstElementChild).before(said);
      for (const name of ["now", "person"]) root.dataset[name] = fresh.documentElement.dataset[name] || "";
      root.dataset.heard = Date.now();
      await show();
      document.dispatchEvent(new Event("renewed"));
    } catch { /* the page stays as it is, with what was said */ }
  }

  // Without signal: the buttons for what may follow what was just recorded.
  async function next() {
    const newest = (await store.of(person)).filter((one) => one.device === here() && words.after[one.fields.do]).pop();
    if (!newest) return;
    for (const form of document.querySelectorAll("#content form[method=post]")) {
      const value = form.querySelector("[name=do]")?.value;
      if (value in words.acts && value !== "visited") (form.closest("details") || form).remove();
    }
    const place = document.querySelector("#content .tap") || document.getElementById("content");
    for (const value of words.after[newest.fields.do]) {
      const form = Object.assign(document.createElement("form"), { method: "post", action: location.pathname });
      const button = Object.assign(document.createElement("button"), { name: "do", value, textContent: words.acts[value] });
      form.append(button);
      place.insertBefore(form, place.lastElementChild);
    }
  }

  // The chip in the header, and the marks in the list.
  async function show() {
    const acts = person ? await store.of(person) : [];
    const open = acts.filter((act) => !SENDING.has(act.state)).length;
    chip.hidden = !acts.length;
    chip.dataset.state = open ? "decide" : "waiting";
    chip.textContent = [acts.length - open && word("phone.waiting", { n: acts.length - open }),
      open && word("phone.open", { n: open })].filter(Boolean).join(" · ");
    for (const one of document.querySelectorAll(".unsent")) one.remove();
    for (const act of acts) {
      const row = document.querySelector(`[data-key="${CSS.escape(act.device)}"]`);
      const place = here() === act.device ? document.querySelector("#content .tap-line") : row?.querySelector("th");
      place?.append(Object.assign(document.createElement("em"), { className: "unsent",
        textContent: word("phone.unsent", { deed: words.acts[act.fields.do] || "", time: clock(act.at) }) }));
    }
    document.body.dataset.waiting = acts.length;
    document.dispatchEvent(new Event("acts"));
  }

  async function send() {
    if (!able || !person || !(await store.of(person)).some((act) => SENDING.has(act.state))) return;
    const stopped = await self.PhoneSend.send(person);
    await show();
    if (waiting && !stopped) await tell(waiting, "");
  }

  const ready = () => navigator.serviceWorker.getRegistration().then((one) => one?.active && one).catch(() => null);

  // Takes along the list, my traps' pages and the map, so that they open without signal.
  async function take() {
    if (!navigator.onLine || root.dataset.age || !(await ready())) return;
    const taken = (await store.get("taken")) || {};
    if (taken.person === person && taken.version === told.dataset.release && Date.now() - taken.at < TAKE_EVERY_MS) return;
    const keep = await caches.open(`pages-${person}`);
    const pack = await (await fetch("/phone/pack", { redirect: "error" })).json();
    if (pack.person !== person) return;
    for (const [address, html] of Object.entries(pack.pages)) {
      await keep.put(address, new Response(html, { headers: {
        "content-type": "text/html; charset=utf-8", "content-security-policy": pack.policy, "kept-at": String(Date.now()) } }));
    }
    (await ready())?.active.postMessage({
      take: navigator.connection?.saveData ? pack.light : pack.all, person, version: told.dataset.release });
  }

  // A page that is not live asks now and then, and says how old it is when nothing comes.
  function watch() {
    const line = document.getElementById("age");
    if (!line) return;
    const SILENT_MS = 35000;
    let heard = root.dataset.age ? -Infinity : performance.now();
    let shownAt = Date.parse(root.dataset.now);
    const tell = () => {
      const old = performance.now() - heard > SILENT_MS;
      line.hidden = !old;
      line.dataset.state = old ? "old" : "on";
      const text = old ? line.dataset.old.replace("{time}", clock(shownAt)) : "";
      if (line.textContent !== text) line.textContent = text;
    };
    const ask = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch("/phone/now", { cache: "no-store", signal: AbortSignal.timeout(14000), redirect: "error" });
        if (!answer.ok) return;
        const first = heard === -Infinity;
        heard = performance.now();
        shownAt = Date.parse((await answer.json()).now);
        if (first) { await renew(); root.removeAttribute("data-age"); }
      } catch { /* said by tell */ }
      tell();
    };
    document.addEventListener("renewed", () => { heard = performance.now(); shownAt = Date.parse(root.dataset.now); tell(); });
    document.addEventListener("visibilitychange", ask);
    setInterval(tell, 1000);
    setInterval(ask, 15000);
    tell();
    if (root.dataset.age) ask();
  }

  async function start() {
    if (!able) {
      const plain = document.getElementById("phone-plain");
      if (plain && person && !window.isSecureContext) plain.hidden = false;
      return;
    }
    watch();
    if (!person) { // the log-in page: nobody's acts are shown
      const hint = document.getElementById("phone-left");
      if (hint) hint.hidden = !(await store.all()).some((act) => SENDING.has(act.state));
      return;
    }
    await show();
    next();
    self.PhoneSend.told?.addEventListener("message", async () => { // sent by the worker, or by another page
      await show();
      const state = waiting && (await store.all()).find((one) => one.no === waiting.no)?.state;
      if (state && state !== waiting.state) await tell(waiting, "");
    });
    addEventListener("online", send);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
    setInterval(() => { if (!document.hidden) send(); }, AGAIN_MS);
    send();
    await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
    await navigator.serviceWorker.ready;
    const taking = () => { if (!document.hidden) take().catch(() => {}); };
    setTimeout(taking, TAKE_AFTER_MS);
    setInterval(taking, LOOK_MS);
  }

  window.Phone = { SENDING, words, word, clock, person, able, show, send };
  const begin = () => start().catch((error) => console.warn("phone", error));
  if (document.readyState === "complete") begin(); else addEventListener("load", begin);
})();
