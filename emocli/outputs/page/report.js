"use strict";
// The report: one state (position, view, filters), redrawn when it changes.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const media = byId("media"), slider = byId("timeline"), canvas = slider.querySelector("canvas"), list = byId("rows");
const [START, END, EMOTION, SURE, SCORES, READINGS, WHO, SAID] = [0, 1, 2, 3, 4, 5, 6, 7];
const CLASSES = data.labels.length, AREA = 110, LANE = 22, GAP = 4, AXIS = 20;
const state = { at: 0, from: 0, to: data.duration, emotions: new Set(data.labels.keys()), face: "", least: 0 };
const rows = data.rows.map((cells) => ({ cells, shown: true, item: null }));

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}
const seen = { time: new Uint32Array(bytes(data.faces.time)), id: new Uint16Array(bytes(data.faces.id)),
  scores: new Uint8Array(bytes(data.faces.scores)) };

function clock(seconds) {
  const whole = Math.max(0, seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const rest = (whole % 60).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
const label = (emotion) => `${data.emoji[emotion]} ${data.labels[emotion]}`;

function rowAt(seconds) {
  let low = 0, high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle].cells[START] <= seconds) low = middle; else high = middle - 1;
  }
  return rows.length ? low : -1;
}

// --- drawing -------------------------------------------------------------------------------------
const lanes = data.modalities.map((name, at) => [name, (row) => row[READINGS][at]]);
const height = AREA + (lanes.length + data.lanes.length) * (LANE + GAP) + AXIS + GAP;
let drawing = 0;

function draw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(paint);
}

function paint() {
  const ratio = window.devicePixelRatio || 1, wide = slider.clientWidth, pen = canvas.getContext("2d");
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const style = getComputedStyle(document.body), front = style.color;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, height);
  pen.font = `12px ${style.fontFamily}`;
  const span = Math.max(state.to - state.from, 1e-3), x = (seconds) => (seconds - state.from) / span * wide;
  paintArea(pen, wide, span);
  let y = AREA + GAP;
  for (const [name, cell] of lanes) {
    paintLane(pen, x, y, wide, (row) => cell(row));
    paintName(pen, name, y, front);
    y += LANE + GAP;
  }
  for (const id of data.lanes) {
    paintFace(pen, id, y, wide, span);
    paintName(pen, `${data.words.face} ${id}`, y, front);
    y += LANE + GAP;
  }
  paintAxis(pen, x, y, wide, span, front);
  pen.globalAlpha = 1;
  pen.fillStyle = front;
  pen.fillRect(x(state.at) - 1, 0, 2, height - AXIS);
}

// Stacked fused scores, averaged over each pixel; sureness is opacity.
function paintArea(pen, wide, span) {
  const mean = new Float64Array(CLASSES);
  let first = Math.max(0, rowAt(state.from));
  for (let pixel = 0; pixel < wide; pixel++) {
    const from = state.from + pixel / wide * span, to = from + span / wide;
    while (first < rows.length - 1 && rows[first].cells[END] <= from) first++;
    mean.fill(0);
    let weight = 0, sure = 0;
    for (let i = first; i < rows.length && rows[i].cells[START] < to; i++) {
      const row = rows[i].cells, part = Math.min(row[END], to) - Math.max(row[START], from);
      if (part <= 0) continue;
      weight += part;
      sure += part * (rows[i].shown ? row[SURE] / 1000 : 0.05);
      for (let c = 0; c < CLASSES; c++) mean[c] += part * row[SCORES][c];
    }
    if (!weight) continue;
    pen.globalAlpha = Math.max(0.08, sure / weight);
    let top = AREA;
    for (let c = 0; c < CLASSES; c++) {
      const part = mean[c] / weight / 1000 * AREA;
      pen.fillStyle = data.colours[c];
      pen.fillRect(pixel, top - part, 1, part);
      top -= part;
    }
  }
}

function paintBox(pen, left, right, y, emotion, sure, gap) {
  pen.globalAlpha = sure;
  pen.fillStyle = data.colours[emotion];
  pen.fillRect(left, y, Math.max(1, right - left - gap), LANE);
  if (right - left > 20 && sure > 0.1) {
    pen.globalAlpha = 1;
    pen.fillStyle = "#000";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(data.emoji[emotion], (left + right) / 2, y + LANE / 2 + 1);
  }
}

function paintLane(pen, x, y, wide, cell) {
  let filled = -1;
  for (let i = Math.max(0, rowAt(state.from)); i < rows.length && rows[i].cells[START] < state.to; i++) {
    const row = rows[i].cells, said = cell(row), right = x(row[END]);
    if (!said || right < filled + 0.5) continue;
    paintBox(pen, Math.max(0, x(row[START])), Math.min(wide, right), y, said[0], rows[i].shown ? said[1] / 1000 : 0.06,
      right - x(row[START]) > 3 ? 1 : 0);
    filled = right;
  }
}

// A person's face in every sampled picture: the mean of each pixel, so that zooming in shows all of them.
function paintFace(pen, id, y, wide, span) {
  const sums = new Float64Array(wide * CLASSES), counts = new Uint32Array(wide);
  const dim = state.face && Number(state.face) !== id ? 0.1 : 1;
  for (let i = 0; i < seen.time.length; i++) {
    const pixel = Math.floor((seen.time[i] / 1000 - state.from) / span * wide);
    if (seen.id[i] !== id || pixel < 0 || pixel >= wide) continue;
    counts[pixel]++;
    for (let c = 0; c < CLASSES; c++) sums[pixel * CLASSES + c] += seen.scores[i * CLASSES + c] / 255;
  }
  const step = Math.max(1, Math.ceil(data.step / span * wide));
  for (let pixel = 0, next; pixel < wide; pixel = next) {
    next = pixel + 1;
    if (!counts[pixel]) continue;
    while (next < wide && next < pixel + 1.5 * step && !counts[next]) next++;
    let best = 0;
    for (let c = 1; c < CLASSES; c++) if (sums[pixel * CLASSES + c] > sums[pixel * CLASSES + best]) best = c;
    const sure = sums[pixel * CLASSES + best] / counts[pixel];
    const kept = state.emotions.has(best) && sure * 100 >= state.least ? dim : 0.1;
    paintBox(pen, pixel, next, y, best, Math.max(0.06, sure * kept), 0);
  }
}

function paintName(pen, name, y, front) {
  pen.globalAlpha = 1;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.lineWidth = 4;
  pen.strokeStyle = getComputedStyle(document.body).backgroundColor;
  pen.strokeText(name, 4, y + LANE / 2);
  pen.fillStyle = front;
  pen.fillText(name, 4, y + LANE / 2);
}

function paintAxis(pen, x, y, wide, span, front) {
  const step = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600].find((one) => one / span * wide >= 70) || 7200;
  pen.globalAlpha = 1;
  pen.fillStyle = front;
  pen.textBaseline = "top";
  pen.textAlign = "left";
  for (let at = Math.ceil(state.from / step) * step; at < state.to; at += step) {
    pen.fillRect(x(at), y, 1, 5);
    if (x(at) < wide - 50) pen.fillText(clock(at).replace(/\.0$/, ""), x(at) + 3, y + 3);
  }
}

// --- position ------------------------------------------------------------------------------------
let current = -1;

function move(seconds, { seek = true } = {}) {
  state.at = Math.min(Math.max(0, seconds), data.duration);
  if (seek && media) media.currentTime = state.at;
  if (state.at < state.from || state.at > state.to) {
    const span = state.to - state.from;
    state.from = Math.max(0, Math.min(state.at - span / 10, data.duration - span));
    state.to = state.from + span;
  }
  const index = rowAt(state.at), row = index < 0 ? null : rows[index];
  const told = row ? `${clock(state.at)} · ${label(row.cells[EMOTION])} ${Math.round(row.cells[SURE] / 10)} %` : clock(state.at);
  byId("now").textContent = told;
  slider.setAttribute("aria-valuenow", state.at.toFixed(1));
  slider.setAttribute("aria-valuetext", told);
  if (index !== current) {
    if (rows[current]) rows[current].item.firstChild.removeAttribute("aria-current");
    current = index;
    if (row) {
      row.item.firstChild.setAttribute("aria-current", "true");
      const top = row.item.offsetTop - list.offsetTop;
      if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 40) list.scrollTop = top - 40;
    }
  }
  draw();
}

function zoom(factor) {
  const span = Math.min(data.duration, Math.max(1, (state.to - state.from) * factor));
  const share = (state.at - state.from) / (state.to - state.from);
  state.from = Math.max(0, Math.min(state.at - share * span, data.duration - span));
  state.to = Math.min(data.duration, state.from + span);
  draw();
}

function pan(share) {
  const span = state.to - state.from;
  state.from = Math.max(0, Math.min(state.from + share * span, data.duration - span));
  state.to = state.from + span;
  draw();
}

function timeAt(event) {
  const box = slider.getBoundingClientRect();
  return state.from + (event.clientX - box.left) / box.width * (state.to - state.from);
}
slider.addEventListener("click", (event) => move(timeAt(event)));
slider.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.25 : 0.8);
}, { passive: false });
slider.addEventListener("keydown", (event) => {
  const far = event.shiftKey ? 10 : 1;
  const keys = { ArrowRight: () => move(state.at + far), ArrowLeft: () => move(state.at - far), Home: () => move(0),
    End: () => move(data.duration), PageDown: () => move(state.at + 30), PageUp: () => move(state.at - 30),
    "+": () => zoom(0.5), "-": () => zoom(2), " ": () => media && (media.paused ? media.play() : media.pause()) };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});
byId("in").addEventListener("click", () => zoom(0.5));
byId("out").addEventListener("click", () => zoom(2));
byId("left").addEventListener("click", () => pan(-0.5));
byId("right").addEventListener("click", () => pan(0.5));
byId("fit").addEventListener("click", () => { state.from = 0; state.to = data.duration; draw(); });
if (media) {
  const follow = () => {
    move(media.currentTime, { seek: false });
    if (!media.paused) requestAnimationFrame(follow);
  };
  media.addEventListener("play", follow);
  media.addEventListener("seeked", follow);
  media.addEventListener("timeupdate", follow);
  media.addEventListener("error", () => { byId("unplayable").hidden = false; });
  if (media.error) byId("unplayable").hidden = false;
}
for (const button of document.querySelectorAll("[data-seek]")) {
  button.addEventListener("click", () => move(Number(button.dataset.seek)));
}

// --- transcript and filters ----------------------------------------------------------------------
function element(kind, text, name) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function fill() {
  const all = document.createDocumentFragment();
  for (const row of rows) {
    const button = element("button", "", "row"), cells = row.cells;
    button.type = "button";
    const said = element("span", "", "");
    const words = element("span", cells[SAID] || data.words.silence, cells[SAID] ? "said" : "soft");
    if (cells[SAID]) words.style.borderColor = data.colours[cells[EMOTION]];
    said.append(words);
    button.append(element("time", clock(cells[START])),
      element("span", `${label(cells[EMOTION])} ${Math.round(cells[SURE] / 10)} %`), said);
    button.addEventListener("click", () => move(cells[START]));
    row.item = document.createElement("li");
    row.item.append(button);
    all.append(row.item);
  }
  list.append(all);
}

function filter() {
  let count = 0;
  for (const row of rows) {
    const cells = row.cells;
    row.shown = state.emotions.has(cells[EMOTION]) && cells[SURE] >= state.least * 10
      && (!state.face || cells[WHO] === Number(state.face));
    row.item.hidden = !row.shown;
    count += row.shown;
  }
  byId("count").textContent = data.words.count.replace("{}", count).replace("{}", rows.length);
  draw();
}
for (const box of document.querySelectorAll("[name=emotion]")) {
  box.addEventListener("change", () => {
    if (box.checked) state.emotions.add(Number(box.value)); else state.emotions.delete(Number(box.value));
    filter();
  });
}
byId("face").addEventListener("change", (event) => { state.face = event.target.value; filter(); });
byId("least").addEventListener("input", (event) => {
  state.least = Number(event.target.value);
  byId("least-value").textContent = `${state.least} %`;
  filter();
});

fill();
filter();
move(0, { seek: false });
new ResizeObserver(draw).observe(slider);
addEventListener("themed", draw);
