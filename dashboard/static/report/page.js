// The form for residents: photos made smaller, and a report that waits for signal.
// Without this script the form is sent by the browser.
"use strict";
(() => {
  const form = document.getElementById("report");
  const words = JSON.parse(document.getElementById("words").textContent);
  const said = document.getElementById("said");
  const placed = document.getElementById("placed");
  const queue = self.ReportSend;
  const LONG_EDGE_PX = 1600;
  const AGAIN_MS = 30000;
  const fields = form.elements;
  const word = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, value), words[`report.say.${key}`]);
  const hex = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((one) => one.toString(16).padStart(2, "0")).join("");

  function say(text) {
    said.hidden = false;
    said.textContent = text;
    said.scrollIntoView({ block: "nearest" });
  }

  // A photo loses its size and with it all that the camera wrote into it, its place too.
  async function small(file) {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const times = Math.max(1, Math.max(picture.width, picture.height) / LONG_EDGE_PX);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width / times);
    canvas.height = Math.round(picture.height / times);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.8); });
  }

  async function reportOf() {
    const told = {};
    for (const name of ["kind", "species", "lat", "lon", "accuracy_m", "place", "note", "contact"]) told[name] = fields[name].value;
    told.at = (fields.at.value ? new Date(fields.at.value) : new Date()).toISOString();
    const photos = [];
    for (const file of [...fields.photo_file.files].slice(0, Number(form.dataset.photos))) photos.push(await small(file).catch(() => file));
    return { id: hex(16), token: hex(32), made: Date.now(), state: "waiting", text: "", fields: told, photos };
  }

  const stopped = { line: "kept", wait: "busy" };
  let sending = false;
  form.addEventListener("submit", async (event) => {
    if (!("indexedDB" in window)) return;
    event.preventDefault();
    if (!fields.lat.value || !fields.lon.value) { say(word("no_place")); return; }
    if (sending) return;
    sending = true;
    say(word("sending"));
    let report = null;
    try {
      report = await reportOf();
      await queue.put(report);
    } catch {
      sending = false;
      HTMLFormElement.prototype.submit.call(form); // nothing can be kept here: the browser sends it
      return;
    }
    const why = await go();
    const kept = (await queue.all()).find((one) => one.id === report.id);
    sending = false;
    if (kept?.state === "refused") { // the form stays as it is, so that it can be put right
      say(kept.text);
      await queue.drop(report.id);
    } else {
      say(kept?.state === "done" ? kept.text : word(stopped[why] || "kept"));
      form.reset();
      placed.textContent = "";
    }
    await show();
  });

  async function go() {
    const why = await queue.send().catch(() => "line");
    if (why) (await navigator.serviceWorker?.ready.catch(() => null))?.sync?.register("report").catch(() => null);
    await show();
    return why;
  }

  async function show() {
    const all = await queue.all().catch(() => []);
    const list = document.querySelector("#mine ol");
    document.getElementById("mine").hidden = !all.length;
    list.replaceChildren(...all.reverse().map((one) => {
      const item = document.createElement("li");
      item.dataset.state = one.state;
      item.textContent = `${new Date(one.made).toLocaleString(document.documentElement.lang)} `;
      if (one.state === "done") {
        item.append(Object.assign(document.createElement("a"), { href: `/report/r/${one.token}`, textContent: word("look") }));
      } else {
        const drop = Object.assign(document.createElement("button"), { type: "button", textContent: word("drop") });
        drop.addEventListener("click", async () => { await queue.drop(one.id); await show(); });
        item.append(one.state === "refused" ? one.text : word("waiting"), " ", drop);
      }
      return item;
    }));
  }

  if (queue.told) queue.told.onmessage = show;
  window.addEventListener("online", go);
  setInterval(async () => {
    if ((await queue.all().catch(() => [])).some((one) => one.state === "waiting")) await go();
  }, AGAIN_MS);
  if (window.isSecureContext) navigator.serviceWorker?.register("/report/sw.js", { scope: "/report" }).catch(() => null);
  go();
})();
