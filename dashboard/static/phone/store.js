// What the phone keeps in IndexedDB: acts with their pictures until they are sent, and who is logged in.
// An act belongs to the person who did it; nobody else's log-in or log-out deletes it.
"use strict";
self.PhoneStore = (() => {
  const MOST_DONE = 30; // acts that were sent, kept to be looked at
  let opened = null;

  function open() {
    opened ||= new Promise((resolve, reject) => {
      const asked = indexedDB.open("shishigaki", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("acts", { keyPath: "no", autoIncrement: true });
        asked.result.createObjectStore("kept");
      };
      asked.onsuccess = () => {
        asked.result.onclose = asked.result.onversionchange = () => { asked.result.close(); opened = null; };
        resolve(asked.result);
      };
      asked.onerror = () => reject(asked.error);
    }).catch((error) => { opened = null; throw error; });
    return opened;
  }

  // Runs `work` in one transaction and gives the result of its last request, once all of it is on the disk.
  async function run(store, mode, work) {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode, { durability: "strict" });
      const asked = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }

  const put = (act) => run("acts", "readwrite", (acts) => acts.put(act));
  const drop = (no) => run("acts", "readwrite", (acts) => acts.delete(no));
  const all = () => run("acts", "readonly", (acts) => acts.getAll());
  const of = async (person) => (await all()).filter((act) => act.person === person && act.state !== "done");
  const done = async (person) => (await all()).filter((act) => act.person === person && act.state === "done");
  const get = (key) => run("kept", "readonly", (kept) => kept.get(key));
  const set = (key, value) => run("kept", "readwrite", (kept) => kept.put(value, key));

  // The act is sent: its pictures go, what was done stays for a while.
  async function finish(act, text) {
    await put({ ...act, state: "done", text, photos: [], sentAt: Date.now() });
    const old = (await done(act.person)).slice(0, -MOST_DONE);
    for (const one of old) await drop(one.no);
  }

  return { put, drop, of, done, all, get, set, finish };
})();
