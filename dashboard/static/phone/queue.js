// The page about this phone: what waits, what needs a decision, and what the phone can do.
"use strict";
(() => {
  const { Phone, PhoneStore: store } = window;
  const list = document.getElementById("queue");
  const facts = document.getElementById("facts");

  const add = (parent, tag, text, more = {}) => {
    const made = Object.assign(document.createElement(tag), more);
    made.textContent = text;
    parent.append(made);
    return made;
  };

  function row(act) {
    const item = document.createElement("li");
    item.className = "desk";
    item.dataset.act = act.id;
    item.dataset.state = act.state;
    add(item, "h3", `${act.trap || act.device}: ${Phone.words.acts[act.fields.do] || act.fields.do}`);
    const photos = act.photos.length ? ` ${Phone.word("phone.photos", { n: act.photos.length })}` : "";
    add(item, "p", `${Phone.clock(act.at)}${photos} ${Phone.word(`phone.state.${act.state}`)}`);
    if (act.text && !Phone.SENDING.has(act.state)) add(item, "p", act.text, { className: act.state === "done" ? "" : "wrong" });
    if (act.state !== "done" && act.state !== "pictures") decide(item, act);
    return item;
  }

  function decide(item, act) {
    if (act.state === "conflict" && act.other && act.fields.do !== "acknowledge") {
      button(item, "phone.correct", () => again({ ...act, fields: { ...act.fields, replaces: act.other } }));
      if (act.at > act.otherAt) button(item, "phone.also", () => again({ ...act, known: act.saidAt }));
    }
    if (act.state === "photo") button(item, "phone.send", () => again({ ...act, text: "" }, "pictures"));
    button(item, "phone.drop", (pressed) => {
      if (pressed.dataset.sure) return store.drop(act.no);
      pressed.dataset.sure = "yes"; // what is dropped is gone: asked once more
      pressed.textContent = Phone.word("phone.drop_sure");
      return "asked";
    }, "quiet");
  }

  async function again(act, state = "waiting") {
    await store.put({ ...act, state, text: "" });
    await Phone.send();
  }

  function button(item, key, work, look = "") {
    add(item, "button", Phone.word(key), { type: "button", className: look })
      .addEventListener("click", async (event) => {
        if (await work(event.target) === "asked") return;
        event.target.disabled = true;
        await Phone.show();
        await show();
      });
  }

  async function show() {
    if (!Phone.able || !Phone.person) {
      list.replaceChildren();
      return;
    }
    const acts = await store.of(Phone.person);
    const done = await store.done(Phone.person);
    list.replaceChildren(...[...acts, ...done.reverse()].map(row));
    document.getElementById("queue-empty").hidden = acts.length + done.length > 0;
    document.getElementById("queue-send").hidden = !acts.some((act) => Phone.SENDING.has(act.state));
  }

  async function tell() {
    const lines = [];
    const taken = Phone.able ? await store.get("taken") : null;
    if (!window.isSecureContext) lines.push("phone.plain");
    else if (!Phone.able) lines.push("phone.unable");
    else {
      lines.push("phone.can");
      const safe = await navigator.storage?.persisted?.();
      lines.push(safe ? "phone.safe" : "phone.unsafe");
    }
    facts.replaceChildren();
    for (const key of lines) add(facts, "li", Phone.word(key));
    if (taken?.person === Phone.person) add(facts, "li", Phone.word("phone.taken", { time: Phone.clock(taken.at) }));
  }

  document.getElementById("queue-send").addEventListener("click", () => Phone.send().then(show));
  document.addEventListener("acts", () => show());
  addEventListener("load", () => { show().catch(() => {}); tell().catch(() => {}); });
})();
