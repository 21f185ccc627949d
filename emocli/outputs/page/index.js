// The list of videos: sorted, searched, and shown a page at a time.
const PAGE = 200, body = document.querySelector("#videos tbody");
const state = { key: "name", up: true, search: "", shown: PAGE };
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

function clock(seconds) {
  const whole = Math.round(seconds || 0), pad = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function strip(video) {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.className = "strip";
  canvas.width = video.strip.length;
  canvas.height = 1;
  [...video.strip].forEach((letter, x) => {
    pen.fillStyle = data.colours[letter] || "transparent";
    pen.fillRect(x, 0, 1, 1);
  });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", video.emotion === null ? "" : data.labels[video.emotion]);
  return canvas;
}

function draw() {
  const word = state.search.toLocaleLowerCase();
  const found = data.videos.filter((one) => `${one.name} ${one.error}`.toLocaleLowerCase().includes(word));
  const value = (one) => one[state.key] ?? "";
  found.sort((a, b) => (typeof value(a) === "number" && typeof value(b) === "number" ? value(a) - value(b)
    : order.compare(value(a), value(b))) * (state.up ? 1 : -1));
  body.textContent = "";
  for (const one of found.slice(0, state.shown)) {
    const row = body.insertRow(), name = cell(row, one.report ? "" : one.name);
    if (one.report) {
      const link = element("a", one.name);
      link.href = one.report;
      name.append(link);
    }
    cell(row, one.error ? `${one.status}: ${one.error}` : one.status);
    cell(row, one.duration === null ? "" : clock(one.duration), "number");
    cell(row, one.emotion === null ? "" : `${data.emoji[one.emotion]} ${data.labels[one.emotion]}`);
    cell(row, one.share === null ? "" : `${Math.round(one.share * 100)} %`, "number");
    const course = cell(row, "");
    if (one.strip) course.append(strip(one));
  }
  byId("count").textContent = `${found.length} / ${data.videos.length}`;
  byId("more").hidden = found.length <= state.shown;
  for (const button of document.querySelectorAll("[data-key]")) {
    const mine = button.dataset.key === state.key;
    button.parentElement.setAttribute("aria-sort", mine ? (state.up ? "ascending" : "descending") : "none");
  }
}

byId("search").addEventListener("input", (event) => { state.search = event.target.value; state.shown = PAGE; draw(); });
byId("more").addEventListener("click", () => { state.shown += PAGE; draw(); });
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => {
    state.up = state.key === button.dataset.key ? !state.up : true;
    state.key = button.dataset.key;
    draw();
  });
}
draw();
