// Residents' reports that this browser keeps until the gateway has them, and how they are sent.
// Runs in the page and in the service worker; a lock lets only one of them send. Nothing names a person.
"use strict";
self.ReportSend = (() => {
  const MOST_DONE = 20; // reports that were sent, kept for their links
  const POST_MS = 180000;
  const LATER = new Set([408, 425, 500, 502, 503, 504]);
  const told = "BroadcastChannel" in self ? new BroadcastChannel("shishigaki-report") : null;
  let opened = null;

  function open() {
    opened ||= new Promise((resolve, reject) => {
      const asked = indexedDB.open("shishigaki-report", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("reports", { keyPath: "id" });
      asked.onsuccess = () => {
        asked.result.onclose = asked.result.onversionchange = () => { asked.result.close(); opened = null; };
        resolve(asked.result);
      };
      asked.onerror = () => reject(asked.error);
    }).catch((error) => { opened = null; throw error; });
    return opened;
  }

  async function run(mode, work) {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("reports", mode, { durability: "strict" });
      const asked = work(transaction.objectStore("reports"));
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  const put = (report) => run("readwrite", (reports) => reports.put(report));
  const drop = (id) => run("readwrite", (reports) => reports.delete(id));
  const all = async () => (await run("readonly", (reports) => reports.getAll())).sort((a, b) => a.made - b.made);

  function send() {
    const work = () => inOrder().finally(() => told?.postMessage("sent"));
    return navigator.locks ? navigator.locks.request("shishigaki-report", work) : work();
  }

  // What stopped the sending: "" nothing, "line" no answer, "wait" too many reports.
  async function inOrder() {
    for (const report of await all()) {
      const stopped = report.state === "waiting" ? await one(report) : "";
      if (stopped) return stopped;
    }
    return "";
  }

  async function one(report) {
    let proof = "";
    for (let tries = 0; tries < 3; tries += 1) {
      const said = await post(report, proof);
      if (said?.result === "work") proof = await solved(said.task, said.bits);
      else if (said?.result === "recorded" || said?.result === "repeated") return finish(report, said.text);
      else if (said?.result === "refused") {
        await put({ ...report, state: "refused", text: said.text });
        return "";
      } else return said?.result === "wait" ? "wait" : "line";
    }
    return "wait";
  }

  async function post(report, proof) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...report.fields, id: report.id, token: report.token, proof })) {
      form.append(name, value);
    }
    report.photos.forEach((photo, number) => form.append("photo_file", photo, `${number}.jpg`));
    try {
      const answer = await fetch("/report", {
        method: "POST", body: form, headers: { accept: "application/json" }, redirect: "manual",
        credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(POST_MS),
      });
      const isJson = (answer.headers.get("content-type") || "").includes("json");
      return LATER.has(answer.status) || !isJson ? null : await answer.json();
    } catch {
      return null; // no signal, or a portal's page: the report stays
    }
  }

  // Place, photos and contact go from this browser; what stays is the link to the answer.
  async function finish(report, text) {
    const { id, token, made } = report;
    await put({ id, token, made, state: "done", text, fields: {}, photos: [] });
    const old = (await all()).filter((one) => one.state === "done").slice(0, -MOST_DONE);
    for (const one of old) await drop(one.id);
    return "";
  }

  // Only during a flood of reports: a number whose hash with the task begins with so many zero bits.
  async function solved(task, bits) {
    for (let number = 0; ; number += 1) {
      if (zeros(sha256(`${task}:${number}`)) >= bits) return `${task}:${number}`;
      if (number % 5000 === 4999) await new Promise((done) => setTimeout(done));
    }
  }

  const zeros = (words) => (words[0] ? Math.clz32(words[0]) : 32 + Math.clz32(words[1]));
  const { ROUNDS, START } = constants();

  function constants() {
    const part = (root) => Math.floor((root - Math.floor(root)) * 4294967296) | 0;
    const primes = [];
    for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime)) primes.push(n);
    return { ROUNDS: primes.map((n) => part(Math.cbrt(n))), START: primes.slice(0, 8).map((n) => part(Math.sqrt(n))) };
  }

  // The first words of SHA-256 of ASCII; crypto.subtle is slower for many short texts and missing without HTTPS.
  function sha256(text) {
    const length = text.length;
    const block = new Int32Array((((length + 8) >> 6) + 1) * 16);
    for (let i = 0; i < length; i += 1) block[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    block[length >> 2] |= 0x80 << (24 - 8 * (length & 3));
    block[block.length - 1] = length * 8;
    const hash = START.slice();
    const w = new Int32Array(64);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let at = 0; at < block.length; at += 16) {
      for (let i = 0; i < 64; i += 1) {
        if (i < 16) w[i] = block[at + i];
        else {
          const a = w[i - 15];
          const b = w[i - 2];
          w[i] = (w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
        }
      }
      let [a, b, c, d, e, f, g, h] = hash;
      for (let i = 0; i < 64; i += 1) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((value, i) => { hash[i] = (hash[i] + value) | 0; });
    }
    return hash;
  }

  return { put, drop, all, send, told, sha256 };
})();
