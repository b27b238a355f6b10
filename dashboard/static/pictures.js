// Names pictures of cameras by keys: a burst at once, the next one shown at once, sent one after the other.
"use strict";
(() => {
  const list = JSON.parse(document.getElementById("bursts").textContent);
  const words = JSON.parse(document.getElementById("pictures-words").textContent);
  const at = (id) => document.getElementById(id);
  const [section, shown, film, said, left, ended] =
    ["naming", "shown", "film", "naming-said", "pictures-left", "naming-done"].map(at);
  const AGAIN_MS = 3000;
  const AHEAD = 3; // bursts whose first picture is fetched before it is shown
  const done = []; // {act, index} of what was named, the last one last
  const named = new Map(); // index of a burst -> its name
  const evidence = new Set();
  const queue = [];
  let sending = false;
  let index = 0;
  let frame = 0;

  const word = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, () => value), words[`pictures.js.${key}`]);
  const address = (id, small) => `/pictures/${id}${small ? "/small" : ""}`;

  // One request after the other; what is not answered is sent again, with the same id.
  async function send() {
    if (sending) return;
    sending = true;
    while (queue.length) {
      const { path, body, then } = queue[0];
      try {
        const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
        queue.shift();
        if (answer.ok) then?.(await answer.json());
        else said.textContent = word("refused", { status: answer.status });
      } catch {
        said.textContent = word("waiting", { n: queue.length });
        await new Promise((go) => setTimeout(go, AGAIN_MS));
      }
    }
    sending = false;
    if (said.dataset.waits) said.textContent = "";
  }

  function post(path, body, then) {
    queue.push({ path: `/pictures/${path}`, body, then });
    send();
  }

  function show() {
    const over = index >= list.length;
    section.hidden = over;
    ended.hidden = !over;
    if (over) return;
    const burst = list[index];
    frame = Math.min(frame, burst.ids.length - 1);
    shown.src = address(burst.ids[frame]);
    shown.alt = word("alt", { camera: burst.camera, at: burst.at });
    at("camera").textContent = burst.camera;
    at("taken").textContent = burst.at;
    at("burst").textContent = burst.ids.length > 1 ? word("burst", { n: frame + 1, all: burst.ids.length }) : "";
    at("people").hidden = !burst.people;
    at("evidence")?.setAttribute("aria-pressed", String(evidence.has(index)));
    film.replaceChildren(...burst.ids.map(thumb));
    for (const next of list.slice(index + 1, index + 1 + AHEAD)) new Image().src = address(next.ids[0]);
  }

  function thumb(id, number) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    image.src = address(id, true);
    image.alt = word("frame", { n: number + 1 });
    button.type = "button";
    button.append(image);
    button.addEventListener("click", () => { frame = number; show(); });
    if (number === frame) item.setAttribute("aria-current", "true");
    item.append(button);
    return item;
  }

  function go(step) {
    index = Math.max(0, Math.min(list.length, index + step));
    frame = 0;
    show();
  }

  function name(species) {
    if (index >= list.length) return;
    const act = crypto.getRandomValues(new Uint32Array(4)).join("-");
    done.push({ act, index });
    named.set(index, species);
    at("undo").disabled = false;
    post("name", { act, ids: list[index].ids, species }, (answer) => { left.textContent = word("left", { n: answer.left }); });
    go(1);
  }

  function undo() {
    const last = done.pop();
    if (!last) return;
    named.delete(last.index);
    at("undo").disabled = done.length === 0;
    post("undo", { act: last.act });
    index = last.index;
    frame = 0;
    show();
    said.textContent = word("undone");
  }

  function keep() {
    if (index >= list.length) return;
    const wanted = !evidence.has(index);
    evidence[wanted ? "add" : "delete"](index);
    post("evidence", { ids: list[index].ids, keep: wanted });
    show();
  }

  const keys = new Map([...document.querySelectorAll("[data-name]")].map((one) => [one.dataset.key, one.dataset.name]));
  const acts = { u: undo, Backspace: undo, e: keep, ArrowRight: () => go(1), ArrowLeft: () => go(-1) };
  const frames = { ArrowDown: 1, ArrowUp: -1 };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target.matches("select, input")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (keys.has(key)) name(keys.get(key));
    else if (key in frames && index < list.length) {
      frame = Math.max(0, Math.min(list[index].ids.length - 1, frame + frames[key]));
      show();
    } else if (key in acts && at("undo")) acts[key]();
    else return;
    event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-name]")) button.addEventListener("click", () => name(button.dataset.name));
  for (const [id, act] of [["undo", undo], ["evidence", keep], ["skip", () => go(1)], ["back", () => go(-1)]]) at(id)?.addEventListener("click", act);
  at("other")?.addEventListener("change", (event) => {
    const { value } = event.target;
    event.target.value = "";
    event.target.blur();
    if (value) name(value);
  });
  window.addEventListener("beforeunload", (event) => { if (queue.length) event.preventDefault(); });
  show();
})();
