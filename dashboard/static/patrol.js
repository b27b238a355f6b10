// The patrol on a phone: orders the stops from here, records visits by nearness or by a tap, says what is left.
// The gateway checks the position again. An act is kept by the phone's queue where there is one.
"use strict";
(() => {
  const words = JSON.parse(document.getElementById("patrol-words").textContent);
  const { person } = document.currentScript.dataset;
  const [list, done, said, count, start, end] =
    ["patrol", "patrol-done", "patrol-said", "patrol-count", "patrol-start", "patrol-end"].map((id) => document.getElementById(id));
  const METRES = 111320; // a degree of latitude
  const WALKING_M_S = 4; // who is faster sits in a car
  const CLOSE = 4; // who came within so many radii and went away again has passed
  const MOST_NAMED = 6;
  const AGAIN_MS = 15000;
  const loaded = new Date().toISOString();
  const unsent = []; // acts that no queue keeps; sent again while the page is open
  let watching = null;
  let fix = null;

  const word = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, () => value), words[`patrol.js.${key}`]);
  const tell = (text) => { said.textContent = text; };
  const nameOf = (element) => element.querySelector("bdi").textContent;

  function stopOf(element, isDone) {
    const { device, lat, lon, radius } = element.dataset;
    return { element, id: device, name: nameOf(element), lat: Number(lat), lon: Number(lon), radius: Number(radius),
      placed: lat !== undefined, lasting: "lasting" in element.dataset, done: isDone, nearest: Infinity, passed: false };
  }
  const stops = [...[...list.children].map((one) => stopOf(one, false)), ...[...done.children].map((one) => stopOf(one, true))];
  const left = () => stops.filter((one) => !one.done);

  function metres(stop, at) {
    const east = (stop.lon - at.longitude) * Math.cos(at.latitude * Math.PI / 180);
    return Math.hypot(east, stop.lat - at.latitude) * METRES;
  }

  // How many are done, and of the last few which are left.
  function sum() {
    const rest = left();
    const text = word("count", { all: stops.length, done: stops.length - rest.length });
    const names = rest.slice(0, MOST_NAMED).map((one) => one.name).join("、");
    const more = rest.length > MOST_NAMED ? "…" : "";
    const ended = rest.length ? word("left", { n: rest.length, names: names + more }) : word("none_left");
    count.textContent = rest.length <= MOST_NAMED && stops.length > rest.length ? `${text} ${ended}` : text;
    return ended;
  }

  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  function actAt(stop, confirm, at) {
    const fields = { do: "visited", confirm };
    if (at) Object.assign(fields, { position_lat: at.latitude.toFixed(6), position_lon: at.longitude.toFixed(6),
      position_accuracy_m: at.accuracy.toFixed(1) });
    return { id: newId(), person, device: stop.id, trap: stop.name, fields, photos: [], state: "waiting",
      at: new Date().toISOString(), seen: list.dataset.now, phoneSeen: loaded };
  }

  // Gives "done", "waiting", or the words of a refusal.
  async function record(act) {
    const { Phone, PhoneStore: store } = window;
    if (!Phone?.able || !store) return direct(act);
    const no = await store.put(act);
    await Phone.send();
    const kept = (await store.all()).find((one) => one.no === no);
    return !kept || kept.state === "done" ? "done" : kept.state === "waiting" ? "waiting" : kept.text;
  }

  async function direct(act) {
    try {
      const body = { ...act.fields, id: act.id, device: act.device, person, at: act.at, seen: act.seen, phone_now: new Date().toISOString() };
      const answer = await fetch("/acts", { method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify(body), redirect: "error", signal: AbortSignal.timeout(40000) });
      if (answer.status >= 500 || answer.status === 429) throw new Error("again");
      const { result, text } = await answer.json();
      return result === "recorded" || result === "repeated" ? "done" : text || String(answer.status);
    } catch {
      if (!unsent.includes(act)) unsent.push(act);
      return "waiting";
    }
  }

  async function again() {
    for (const act of [...unsent]) {
      if (await direct(act) === "waiting") return;
      unsent.splice(unsent.indexOf(act), 1);
      document.querySelector(`[data-act="${act.id}"] .unsent`)?.remove();
    }
  }

  // What the phone's queue still holds was done; a page that is opened again shows it so.
  async function queued() {
    if (!window.Phone?.able || !window.PhoneStore || !person) return;
    const acts = await window.PhoneStore.all();
    for (const act of acts.filter((one) => one.person === person && one.fields.do === "visited")) {
      const stop = stops.find((one) => one.id === act.device);
      const item = document.querySelector(`[data-act="${act.id}"]`);
      if (act.state === "waiting" && stop && !stop.done && !stop.busy && !stop.ticked) tick(stop, act, "waiting");
      if (act.state === "done") item?.querySelector(".unsent")?.remove();
      if (item?.querySelector(".unsent") && act.state !== "waiting" && act.state !== "done") {
        tell(word("failed", { name: nameOf(item), text: act.text }));
      }
    }
    sum();
  }

  async function checkIn(stop, confirm, at) {
    if (stop.done || stop.busy) return;
    stop.busy = true;
    const act = actAt(stop, confirm, at);
    const became = await record(act);
    stop.busy = false;
    if (became !== "done" && became !== "waiting") {
      stop.refused = true;
      tell(word("failed", { name: stop.name, text: became }));
      return;
    }
    tick(stop, act, became);
    const far = at && stop.placed ? Math.round(metres(stop, at)) : "–";
    tell(became === "done" ? word("ticked", { name: stop.name, m: far }) : word("kept", { name: stop.name }));
    sum();
  }

  // A visit does not end what needs an outcome: that stop stays.
  function tick(stop, act, became) {
    const mark = document.createElement("span");
    mark.className = "done";
    mark.textContent = `✓ ${new Date(act.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" })}`;
    stop.ticked = true;
    if (stop.lasting) {
      stop.element.querySelector("p").append(" ", mark);
      return;
    }
    stop.done = true;
    const item = document.createElement("li");
    item.dataset.device = stop.id;
    item.dataset.act = act.id;
    const link = item.appendChild(document.createElement("a"));
    link.className = "big";
    link.href = `/traps/${encodeURIComponent(stop.id)}`;
    link.appendChild(document.createElement("bdi")).textContent = stop.name;
    item.append(" ", mark);
    if (became === "waiting") {
      const wait = item.appendChild(document.createElement("em"));
      wait.className = "unsent";
      wait.textContent = word("waiting");
    }
    const held = stop.element.contains(document.activeElement);
    done.prepend(item);
    stop.element.remove();
    stop.element = item;
    if (held) (list.querySelector("button, a") || link).focus();
  }

  function walked({ coords }) {
    const first = fix === null;
    fix = coords;
    const placed = stops.filter((one) => one.placed);
    for (const stop of placed) stop.away = metres(stop, coords);
    for (const stop of placed) {
      const far = stop.element.querySelector(".far");
      if (far) far.textContent = word("far", { m: Math.round(stop.away) });
    }
    if (first) { tell(""); order(); }
    const nearest = placed.reduce((a, b) => (b.away < a.away ? b : a), { away: Infinity });
    look(nearest, coords);
    for (const stop of left()) passed(stop, coords);
  }

  // Only the nearest trap of all, so that one standing place is not two visits.
  function look(stop, coords) {
    if (!stop.id || stop.done || stop.ticked || stop.refused || stop.away > stop.radius) return;
    if (coords.accuracy > stop.radius) tell(word("rough", { m: Math.round(coords.accuracy) }));
    else if (coords.speed > WALKING_M_S) tell(word("moving"));
    else checkIn(stop, "gps", coords);
  }

  function passed(stop, coords) {
    if (!stop.placed || stop.busy || stop.ticked) return;
    stop.nearest = Math.min(stop.nearest, stop.away);
    const wasClose = stop.nearest < CLOSE * stop.radius && coords.accuracy <= stop.radius;
    if (stop.passed || !wasClose || stop.away < stop.nearest + 2 * stop.radius) return;
    stop.passed = true;
    stop.element.dataset.passed = "";
    tell(word("passed", { name: stop.name, m: Math.round(stop.nearest) }));
  }

  // The tour from here; the place goes to the gateway in a body.
  async function order() {
    try {
      const answer = await fetch("/patrol/order", { method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ lat: fix.latitude, lon: fix.longitude }), redirect: "error", signal: AbortSignal.timeout(40000) });
      if (!answer.ok) return;
      const place = new Map((await answer.json()).order.map((id, at) => [id, at]));
      const rest = left().filter((one) => place.has(one.id)).sort((a, b) => place.get(a.id) - place.get(b.id));
      rest.reverse().forEach((one) => list.prepend(one.element));
      list.dataset.ordered = "here";
    } catch { /* without signal the order stays */ }
  }

  function begin() {
    start.hidden = true;
    if (end) end.hidden = false;
    sessionStorage.setItem("patrol", "on");
    tell(word("searching"));
    const lost = (error) => tell(word(error.code === error.PERMISSION_DENIED ? "denied" : "no_place"));
    watching = navigator.geolocation.watchPosition(walked, lost, { enableHighAccuracy: true, maximumAge: 5000, timeout: 60000 });
    navigator.wakeLock?.request("screen").catch(() => {}); // a dark screen gets no position
  }

  function stop() {
    navigator.geolocation.clearWatch(watching);
    sessionStorage.removeItem("patrol");
    end.hidden = true;
    start.hidden = false;
    tell(sum());
  }

  // Without a secure context the browser sends the form itself.
  list.addEventListener("submit", (event) => {
    const stop = stops.find((one) => one.element === event.target.closest("li"));
    if (!stop || !person || !window.isSecureContext) return;
    event.preventDefault();
    checkIn(stop, "tap", fix);
  });
  document.addEventListener("acts", () => queued().catch(() => {}));
  document.addEventListener("renewed", () => location.reload()); // the kept page was old
  if (!start) return;
  if (!window.isSecureContext || !("geolocation" in navigator)) {
    tell(word("plain"));
    return;
  }
  start.hidden = false;
  start.addEventListener("click", begin);
  end?.addEventListener("click", stop);
  addEventListener("online", again);
  setInterval(again, AGAIN_MS);
  if (sessionStorage.getItem("patrol") === "on") begin();
})();
