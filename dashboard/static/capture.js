// A form with photos on a phone: photos are made smaller before they are sent, and the place is asked
// for only when somebody taps the button. Without this script the form sends the photos as they are.
"use strict";
(() => {
  const LONG_EDGE_PX = 1600;
  const QUALITY = 0.85;
  const HEAD_BYTES = 262144; // where a JPEG says when it was taken
  const SMALL_BYTES = 300000; // of a JPEG that is sent as it is
  const PLACE_MS = 20000;

  // The time in a JPEG's Exif, "2026:11:29 06:10:00", or "".
  async function takenOf(file) {
    const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
    if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return "";
    for (let at = 2; at + 10 < view.byteLength;) {
      const marker = view.getUint16(at);
      const length = view.getUint16(at + 2);
      if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return exifTime(view, at + 10);
      if ((marker & 0xff00) !== 0xff00 || marker === 0xffda) return "";
      at += 2 + length;
    }
    return "";
  }

  function exifTime(view, base) {
    const little = view.getUint16(base) === 0x4949;
    const find = (start, tag) => {
      for (let i = 0; i < view.getUint16(start, little); i += 1) {
        const entry = start + 2 + 12 * i;
        if (view.getUint16(entry, little) === tag) return base + view.getUint32(entry + 8, little);
      }
      return 0;
    };
    const exif = find(base + view.getUint32(base + 4, little), 0x8769);
    const place = exif && find(exif, 0x9003);
    if (!place) return "";
    const text = String.fromCharCode(...new Uint8Array(view.buffer, place, 19));
    return /^\d{4}:\d\d:\d\d \d\d:\d\d:\d\d$/.test(text) ? text : "";
  }

  // An Exif block with this time and nothing else.
  function exifBlock(taken) {
    const block = new Uint8Array(2 + 2 + 6 + 8 + 18 + 18 + 20);
    const view = new DataView(block.buffer);
    const tiff = 10;
    const entry = (at, tag, type, count, value) => {
      view.setUint16(at, 1);
      view.setUint16(at + 2, tag);
      view.setUint16(at + 4, type);
      view.setUint32(at + 6, count);
      view.setUint32(at + 10, value);
    };
    view.setUint16(0, 0xffe1);
    view.setUint16(2, block.length - 2);
    block.set([0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8], 4);
    entry(tiff + 8, 0x8769, 4, 1, 26);
    entry(tiff + 26, 0x9003, 2, 20, 44);
    block.set([...taken].map((letter) => letter.charCodeAt(0)), tiff + 44);
    return block;
  }

  async function small(file) {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const times = Math.max(1, Math.max(picture.width, picture.height) / LONG_EDGE_PX);
    if (times === 1 && file.type === "image/jpeg" && file.size < SMALL_BYTES) return { file, picture };
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width / times);
    canvas.height = Math.round(picture.height / times);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    const taken = await takenOf(file).catch(() => "");
    const parts = taken ? [blob.slice(0, 2), exifBlock(taken), blob.slice(2)] : [blob];
    return { file: new File(parts, "photo.jpg", { type: "image/jpeg" }), picture };
  }

  function withPhotos(form) {
    const [camera, gallery] = form.querySelectorAll("input[type=file]");
    const list = form.querySelector(".shot-list");
    const shots = [];
    let working = Promise.resolve();

    const give = () => {
      const all = new DataTransfer();
      for (const shot of shots) all.items.add(shot.file);
      gallery.files = all.files;
      camera.value = "";
    };

    function row(shot, picture) {
      const item = document.createElement("li");
      const number = form.dataset.one.replace("{n}", shots.length).replace("{kb}", Math.ceil(shot.file.size / 1000));
      if (picture) {
        const thumb = Object.assign(document.createElement("canvas"), { width: 144, height: 108 });
        const times = Math.max(144 / picture.width, 108 / picture.height);
        thumb.getContext("2d").drawImage(picture, 0, 0, picture.width * times, picture.height * times);
        thumb.setAttribute("aria-hidden", "true");
        item.append(thumb);
      }
      const drop = Object.assign(document.createElement("button"), { type: "button", textContent: form.dataset.drop });
      drop.setAttribute("aria-label", `${form.dataset.drop} ${number}`);
      drop.addEventListener("click", () => {
        shots.splice(shots.indexOf(shot), 1);
        item.remove();
        give();
      });
      item.append(number, drop);
      list.append(item);
    }

    async function add(files) {
      const busy = document.createElement("li");
      busy.textContent = form.dataset.busy;
      list.append(busy);
      for (const file of files) {
        // A kind that this browser cannot read goes as it is: the gateway reads more kinds.
        const made = await small(file).catch(() => ({ file, picture: null }));
        const shot = { file: made.file };
        shots.push(shot);
        row(shot, made.picture);
        made.picture?.close();
      }
      busy.remove();
      give();
    }

    for (const input of [camera, gallery]) {
      input.addEventListener("change", () => {
        const chosen = [...input.files].filter((file) => !shots.some((shot) => shot.file === file));
        working = working.then(() => add(chosen));
        form.dataset.working = "";
        const mine = working;
        working.finally(() => { if (working === mine) delete form.dataset.working; });
      });
    }

    form.addEventListener("submit", (event) => {
      if (!("working" in form.dataset)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      working.finally(() => form.requestSubmit(event.submitter));
    });
  }

  function withPlace(form) {
    const box = form.querySelector(".place");
    if (!box || !window.isSecureContext || !navigator.geolocation) return;
    box.hidden = false;
    const { lat = "position_lat", lon = "position_lon" } = box.dataset; // the fields that are filled
    const [button, said] = [box.querySelector("button"), box.querySelector("[role=status]")];
    button.addEventListener("click", () => {
      said.textContent = form.dataset.wait;
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          form.elements[lat].value = coords.latitude;
          form.elements[lon].value = coords.longitude;
          const accuracy = form.elements.position_accuracy_m;
          if (accuracy) accuracy.value = coords.accuracy;
          said.textContent = form.dataset.here.replace("{m}", Math.ceil(coords.accuracy));
        },
        (error) => { said.textContent = error.code === error.PERMISSION_DENIED ? form.dataset.denied : form.dataset.failed; },
        { enableHighAccuracy: true, timeout: PLACE_MS, maximumAge: 0 },
      );
    });
  }

  function start() {
    for (const form of document.querySelectorAll(".capture-form:not([data-started])")) {
      form.dataset.started = "";
      form.classList.add("with-script");
      withPhotos(form);
      withPlace(form);
    }
  }

  start();
  document.addEventListener("renewed", start);
})();
