// The service worker: pages without signal, and acts that are sent after the page was closed.
// Before this text stand VERSION and ASSETS, and `store.js` and `send.js` are read.
"use strict";
(() => {
  const store = self.PhoneStore;
  const FILES = `files-${VERSION}`;
  const GROUND = "/map/pack/"; // the site's own map: land data, the same for everybody
  const MAPS = "maps";
  const PAGES = "pages-"; // and the person's name: one person's pages at a time
  const KEPT = /^\/($|traps($|\/)|phone$|patrol$)/;
  const SLOW_MS = 1200; // then what is kept is shown, and the answer is kept for the next time

  self.addEventListener("install", (event) => {
    event.waitUntil((async () => {
      const files = await caches.open(FILES);
      await files.addAll(ASSETS.map((address) => new Request(address, { cache: "default" })));
      await self.skipWaiting();
    })());
  });

  self.addEventListener("activate", (event) => {
    event.waitUntil((async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("files-") && name !== FILES) await caches.delete(name);
      }
      await self.clients.claim();
    })());
  });

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const address = new URL(request.url);
    if (address.origin !== location.origin) return;
    if (request.mode === "navigate" && request.method === "POST" && address.pathname === "/logout") {
      event.respondWith(leave(request));
    } else if (request.mode === "navigate" && request.method === "POST") {
      event.respondWith(fetch(request).catch(() => nothing(UNSENT)));
    } else if (request.method !== "GET") return;
    else if (request.mode === "navigate") event.respondWith(page(event, address));
    else if (address.pathname.startsWith("/static/")) event.respondWith(file(request, address));
    else if (address.pathname.startsWith(GROUND)) event.respondWith(ground(request));
    else if (address.pathname === "/map/coast.geojson") event.respondWith(page(event, address));
    else if (KEPT.test(address.pathname) && !address.search) event.respondWith(renewed(request, address));
  });

  // The browser's files carry their version in their address; another version only where nothing else is left.
  async function file(request, address) {
    const files = await caches.open(FILES);
    const found = address.search && await files.match(request);
    if (found) return found;
    try {
      return await fetch(request);
    } catch (error) {
      const any = await caches.match(request, { ignoreSearch: true });
      if (any) return any;
      throw error;
    }
  }

  // A tile of the map never changes: its address has the version of the pack.
  async function ground(request) {
    return (await (await caches.open(MAPS)).match(request)) || fetch(request);
  }

  async function page(event, address) {
    if (await store.get("leaving")) return leaveNow(address);
    const keeps = KEPT.test(address.pathname) || address.pathname === "/map/coast.geojson";
    const key = address.pathname;
    const before = keeps ? await kept(key) : null;
    const asked = fresh(event.request, keeps && !address.search, key);
    event.waitUntil(asked.catch(() => {}));
    if (!before) return asked.catch(() => nothing());
    const slow = new Promise((resolve) => setTimeout(resolve, SLOW_MS, null));
    const answer = await Promise.race([asked.catch(() => null), slow]);
    return answer && answer.status < 500 ? answer : aged(before);
  }

  // An answer of the gateway; it also says who is logged in.
  async function fresh(request, keeps, key) {
    const answer = await fetch(request);
    const said = answer.headers.get("shishigaki-person");
    if (said === null) {
      if (keeps && answer.ok && key.startsWith("/map/")) await keep(key, answer.clone());
      return answer;
    }
    const person = decodeURIComponent(said);
    await logged(person);
    if (keeps && person && answer.ok) await keep(key, answer.clone());
    return answer;
  }

  const renewed = (request, address) => fresh(request, true, address.pathname);

  // The pages of whoever was logged in before go; acts that wait stay.
  async function logged(person) {
    if ((await store.get("person")) === person) return;
    for (const name of await caches.keys()) {
      if (name.startsWith(PAGES) && name !== PAGES + person) await caches.delete(name);
    }
    await store.set("person", person);
    await store.set("taken", null);
    await store.set("push", null);
  }

  async function keep(key, answer) {
    const person = await store.get("person");
    if (!person) return;
    const headers = new Headers(answer.headers);
    headers.set("kept-at", String(Date.now()));
    headers.delete("content-encoding");
    const body = await answer.blob();
    await (await caches.open(PAGES + person)).put(key, new Response(body, { headers }));
  }

  const keptAt = (answer) => Number(answer.headers.get("kept-at"));

  async function kept(key) {
    const person = await store.get("person");
    return person && await caches.has(PAGES + person) ? (await caches.open(PAGES + person)).match(key) : null;
  }

  // A kept page says how old it is; `data-age` are seconds by the phone's own clock.
  async function aged(answer) {
    if (!(answer.headers.get("content-type") || "").includes("html")) return answer;
    const age = Math.max(1, Math.round((Date.now() - keptAt(answer)) / 1000));
    const html = (await answer.text()).replace("<html ", `<html data-age="${age}" `);
    return new Response(html, { headers: answer.headers });
  }

  const UNKEPT = "この画面はこの電話に入っていません。記録は消えていません。<br>This page is not kept on this phone. No record is lost.";
  const UNSENT = `電波が届きません。いまの操作が届いたかどうかは、つながってからその画面を開いて確かめてください。<br>
No signal. Whether this was done: open its page again when there is signal, and look.`;

  function nothing(text = UNKEPT) {
    const html = `<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>圏外 / no signal</title><link rel="stylesheet" href="${ASSETS[0]}"><body class="field"><main class="tap">
<h1>圏外です / No signal</h1><p>${text}</p>
<p class="places"><a href="/traps">わな一覧 / Traps</a> <a href="/phone">この電話の記録 / Records</a></p></main></html>`;
    return new Response(html, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
  }

  // Without signal the log-out still hides everything on this phone; the session ends with the next signal.
  async function leave(request) {
    let answer = null;
    try {
      answer = await fetch(request.clone());
    } catch {
      await store.set("leaving", true);
    }
    await logged("");
    return answer || Response.redirect("/login?left", 303);
  }

  // The browser may have asked for the page before this ran: it asks again without the session.
  async function leaveNow(address) {
    try {
      await fetch("/logout", { method: "POST", redirect: "manual" });
    } catch {
      return nothing();
    }
    await store.set("leaving", null);
    return Response.redirect(address.href, 303);
  }

  self.addEventListener("message", (event) => {
    const { take, person, version } = event.data || {};
    if (take) event.waitUntil(takeAlong(take, person, version));
  });

  async function takeAlong(addresses, person, version) {
    await logged(person);
    const files = await caches.open(FILES);
    const maps = await caches.open(MAPS);
    for (const address of addresses) {
      if ((await store.get("person")) !== person) return;
      if (address.startsWith(GROUND)) {
        if (!(await maps.match(address))) await maps.add(address);
      } else if (address.startsWith("/static/")) {
        if (!(await files.match(address))) await files.add(address);
      } else await fresh(new Request(address), true, address);
    }
    const wanted = new Set(addresses);
    for (const one of await maps.keys()) {
      const { pathname } = new URL(one.url);
      if (addresses.length && !wanted.has(pathname)) await maps.delete(one);
    }
    await store.set("taken", { person, version, at: Date.now() });
  }

  // A push message: what happened is shown to its person only, to nobody else who uses this phone.
  self.addEventListener("push", (event) => {
    event.waitUntil((async () => {
      const told = event.data?.json() || {};
      const mine = told.person && told.person === (await store.get("person"));
      await self.registration.showNotification(mine ? told.title : "Shishigaki", {
        body: mine ? told.text : "", tag: told.key, data: { to: (mine && told.to) || "/traps" },
        ...(mine && told.image ? { image: told.image } : {}),
        icon: ICON, requireInteraction: Boolean(told.urgent), renotify: false,
      });
    })());
  });

  self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const to = new URL(event.notification.data?.to || "/traps", location.origin);
    event.waitUntil((async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const same = open.find((one) => new URL(one.url).pathname === to.pathname);
      return same ? same.focus() : self.clients.openWindow(to.origin === location.origin ? to.href : "/traps");
    })());
  });

  self.addEventListener("sync", (event) => {
    if (event.tag === "acts") event.waitUntil(sync());
  });

  async function sync() {
    const person = await store.get("person");
    const stopped = person ? await self.PhoneSend.send(person) : "";
    if (stopped === "line") throw new Error("no line yet"); // the browser tries again
  }
})();
