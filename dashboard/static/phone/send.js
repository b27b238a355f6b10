// Sends the acts of one person in their order, each once: the gateway knows an act by its id.
// Runs in an open page and in the service worker; a lock lets only one of them send.
"use strict";
self.PhoneSend = (() => {
  const store = self.PhoneStore;
  const ACT_MS = 40000;
  const PHOTO_MS = 180000;
  const RESULTS = new Set(["recorded", "repeated", "conflict", "refused"]);
  const LATER = new Set([408, 425, 429, 500, 502, 503, 504]); // the same again may be accepted
  const told = "BroadcastChannel" in self ? new BroadcastChannel("shishigaki-phone") : null;

  // What stopped the sending: "" nothing, "line" no answer, "login" somebody has to log in.
  function send(person) {
    if (!person) return Promise.resolve("login");
    const work = () => inOrder(person).finally(() => told?.postMessage("sent"));
    return navigator.locks ? navigator.locks.request("shishigaki-send", work) : work();
  }

  // First every act, because it is small and counts most, then the pictures.
  async function inOrder(person) {
    const waits = new Set(); // traps at which an earlier act waits for a decision
    for (const act of await store.of(person)) {
      if (act.state === "conflict" || act.state === "refused") waits.add(act.device);
      if (act.state !== "waiting" || waits.has(act.device)) continue;
      const stopped = await one(act);
      if (stopped === "decide") waits.add(act.device);
      else if (stopped) return stopped;
    }
    for (const act of await store.of(person)) {
      const stopped = act.state === "pictures" ? await pictures(act) : "";
      if (stopped) return stopped;
    }
    return "";
  }

  async function one(act) {
    const { id, device, at, seen, known } = act;
    const photos = [...(act.sent || []), ...act.photos.map((photo) => photo.sha256)];
    const said = await ask("/acts", "POST", JSON.stringify({
      ...act.fields, id, device, person: act.person, at, seen, known, phone_seen: act.phoneSeen, photos,
      phone_now: new Date().toISOString(),
    }), ACT_MS, { "content-type": "application/json" });
    const answer = said.answer;
    if (said.stopped) return said.stopped;
    if (!RESULTS.has(answer?.result)) return "line";
    if (answer.result === "conflict" || answer.result === "refused") {
      await store.put({ ...act, state: answer.result, text: answer.text, other: answer.other,
        otherAt: answer.other_at, saidAt: answer.now });
      return "decide";
    }
    if (act.photos.length) await store.put({ ...act, state: "pictures", text: answer.text });
    else await store.finish(act, answer.text);
    return "";
  }

  // A picture that the gateway cannot use stays on the phone, with the reason.
  async function pictures(act) {
    const left = [];
    let text = "";
    for (const photo of act.photos) {
      const said = await ask(`/photos/${photo.sha256}`, "PUT", photo.blob, PHOTO_MS,
        { "content-type": photo.blob.type || "application/octet-stream" });
      if (said.stopped) return said.stopped;
      if (said.ok) continue;
      left.push(photo);
      text = said.answer?.text || String(said.status);
    }
    if (left.length) await store.put({ ...act, state: "photo", photos: left, text });
    else await store.finish(act, act.text);
    return "";
  }

  // A portal's page, a redirect to the log-in and a failing gateway are no answer: the act stays.
  async function ask(address, method, body, wait, headers) {
    try {
      const answer = await fetch(address, {
        method, body, headers, redirect: "manual", credentials: "same-origin", cache: "no-store",
        signal: AbortSignal.timeout(wait),
      });
      if (answer.status === 401 || answer.status === 403) return { stopped: "login" };
      const json = (answer.headers.get("content-type") || "").includes("json");
      const parsed = json ? await answer.json() : null;
      if (answer.type === "opaqueredirect" || LATER.has(answer.status)) {
        return { stopped: "line" };
      }
      return { answer: parsed, ok: answer.ok, status: answer.status };
    } catch {
      return { stopped: "line" };
    }
  }

  return { send, told };
})();
