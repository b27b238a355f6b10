// Push messages to this phone: asked for and ended on the page about the phone.
"use strict";
(() => {
  const { Phone, PhoneStore: store } = window;
  const [on, off, said] = ["push-on", "push-off", "push-said"].map((id) => document.getElementById(id));
  const able = Phone.able && "PushManager" in window && "Notification" in window;

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

  const post = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), redirect: "error" });
    return { ok: answer.ok, text: (await answer.json()).text };
  };

  async function begin() {
    if (await Notification.requestPermission() !== "granted") {
      said.textContent = Phone.word("phone.push_denied");
      return;
    }
    const { key } = await (await fetch("/push/key", { redirect: "error" })).json();
    const worker = await navigator.serviceWorker.ready;
    const asked = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    const answer = await post("/push", asked.toJSON());
    said.textContent = answer.text;
    if (answer.ok) await store.set("push", { person: Phone.person });
    else await asked.unsubscribe();
  }

  async function end() {
    const asked = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    if (!asked) return;
    said.textContent = (await post("/push/end", { endpoint: asked.endpoint })).text;
    await asked.unsubscribe();
    await store.set("push", null);
  }

  async function show() {
    if (!able) {
      if (window.isSecureContext) said.textContent = Phone.word("phone.push_unable");
      return;
    }
    const asked = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    // It belongs to the session in which it was asked for: after another log-in it is asked for again.
    const mine = asked && (await store.get("push"))?.person === Phone.person;
    on.hidden = Boolean(mine);
    off.hidden = !mine;
  }

  const does = (work) => () => work().catch(() => { said.textContent = Phone.word("phone.push_unable"); }).then(show);
  on.addEventListener("click", does(begin));
  off.addEventListener("click", does(end));
  addEventListener("load", () => { show().catch(() => {}); });
})();
