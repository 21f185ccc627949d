// The list of videos and what they come to: sorted, searched, and shown a page at a time.
const PAGE = 200, body = document.querySelector("#videos tbody");
const persons = document.querySelector("#figures tbody");
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

// Everybody's figures, and each person's.
function figures(video) {
  for (const [name, seconds, shares, changes, words, kappas] of video.figures) {
    const row = persons.insertRow();
    if (!name) row.className = "first";
    cell(row, name ? "" : video.name);
    cell(row, name || data.everybody);
    cell(row, clock(seconds), "number");
    for (const [share, low, high] of shares) {
      const made = cell(row, `${share} %`, share ? "number" : "number soft");
      if (low !== null) made.append(" ", element("span", `${low}–${high}`, "soft"));
    }
    for (const value of [changes, words, ...kappas]) cell(row, value ?? "–", "number");
  }
}

function draw() {
  const word = state.search.toLocaleLowerCase();
  const names = (one) => [one.name, one.error, ...one.figures.map(([name]) => name)];
  const text = (one) => names(one).join(" ").toLocaleLowerCase();
  const found = data.videos.filter((one) => text(one).includes(word));
  const value = (one) => one[state.key] ?? "";
  found.sort((a, b) => (typeof value(a) === "number" && typeof value(b) === "number" ? value(a) - value(b)
    : order.compare(value(a), value(b))) * (state.up ? 1 : -1));
  body.textContent = persons.textContent = "";
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
    figures(one);
  }
  byId("count").textContent = `${found.length} / ${data.videos.length}`;
  byId("more").hidden = found.length <= state.shown;
  for (const button of document.querySelectorAll("[data-key]")) {
    const mine = button.dataset.key === state.key;
    button.parentElement.setAttribute("aria-sort", mine ? (state.up ? "ascending" : "descending") : "none");
  }
}

byId("search").addEventListener("input", (event) => {
  state.search = event.target.value;
  state.shown = PAGE;
  draw();
});
byId("more").addEventListener("click", () => { state.shown += PAGE; draw(); });
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => {
    state.up = state.key === button.dataset.key ? !state.up : true;
    state.key = button.dataset.key;
    draw();
  });
}
draw();
