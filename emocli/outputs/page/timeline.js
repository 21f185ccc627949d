// The timeline: its view, the tracks that are drawn of it, and the cursor.
const slider = byId("timeline"), cursor = byId("cursor");
const AREA = 44, AXIS = 18, AGREEMENT = 20, FIRST_VIEW = 180, LEAST_VIEW = 1;
const view = { from: 0, to: Math.max(1e-3, Math.min(data.duration, FIRST_VIEW)) };
let at = 0, drawing = 0;

const painters = new Map([
  ["axis", { high: AXIS, paint: paintAxis }], ["fused", { high: AREA, paint: paintFused }],
  ["agreement", { high: AGREEMENT, paint: paintAgreement }],
  ...data.tracks.map((track) => [String(track.person), personTrack(track)])]);
const canvases = [...slider.querySelectorAll("canvas")];

function draw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(paint);
}

// A pen for a canvas of some height, px of the page, cleared.
function penOf(canvas, high) {
  const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, pen = canvas.getContext("2d");
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.style.height = `${high}px`;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, high);
  pen.globalAlpha = 1;
  pen.font = `11px ${theme.family}`;
  return pen;
}

function paint() {
  for (const canvas of canvases) {
    const { high, paint: painting } = painters.get(canvas.dataset.track), pen = penOf(canvas, high);
    const wide = canvas.clientWidth, span = view.to - view.from;
    painting(pen, { view, span, wide, x: (seconds) => (seconds - view.from) / span * wide });
  }
  placeCursor();
  placeWindow();
}

function placeCursor() {
  const first = canvases[0], share = (at - view.from) / (view.to - view.from);
  cursor.hidden = share < 0 || share > 1;
  cursor.style.transform = `translateX(${first.offsetLeft + share * first.clientWidth - 1}px)`;
}

// Stacked fused scores, the mean of each pixel; sureness is opacity.
function paintFused(pen, scale) {
  const { span, wide } = scale, mean = new Float64Array(CLASSES);
  let first = Math.max(0, rowAt(view.from));
  for (let pixel = 0; pixel < wide; pixel++) {
    const from = view.from + pixel / wide * span, to = from + span / wide;
    while (first < rows.length - 1 && rows[first].cells[END] <= from) first++;
    mean.fill(0);
    let weight = 0, sure = 0;
    for (let i = first; i < rows.length && rows[i].cells[START] < to; i++) {
      const row = rows[i].cells, part = Math.min(row[END], to) - Math.max(row[START], from);
      if (part <= 0) continue;
      weight += part;
      sure += part * (rows[i].shown ? Math.max(0.25, row[SURE] / 1000) : FADED);
      for (let c = 0; c < CLASSES; c++) mean[c] += part * row[SCORES][c];
    }
    if (!weight) continue;
    pen.globalAlpha = sure / weight;
    let top = AREA;
    for (let c = 0; c < CLASSES; c++) {
      const part = mean[c] / weight / 1000 * AREA;
      pen.fillStyle = data.colours[c];
      pen.fillRect(pixel, top - part, 1, part);
      top -= part;
    }
  }
  for (const [row, left, right] of inView(rows, scale)) {
    if (row.shown) hatch(pen, row.cells[FLAGS], left, 0, right - left, AREA);
  }
}

// Where two or more of face, voice and words name the same emotion: filled; where they differ: hollow.
function paintAgreement(pen, scale) {
  for (const [row, left, right] of inView(rows, scale)) {
    const said = row.cells[READINGS].filter((one) => one).map(([emotion]) => emotion);
    if (said.length < 2) continue;
    pen.globalAlpha = row.shown ? 1 : FADED;
    pen.fillStyle = pen.strokeStyle = theme.accent;
    const wide = Math.max(1, right - left - 1);
    if (said.every((emotion) => emotion === said[0])) pen.fillRect(left, 6, wide, 8);
    else if (wide > 3) pen.strokeRect(left + 0.5, 6.5, wide - 1, 7);
    else pen.fillRect(left, 13, wide, 1);
  }
}

function paintAxis(pen, { span, wide, x }) {
  const steps = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600];
  const step = steps.find((one) => one / span * wide >= 70) || 7200;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  for (let tick = Math.ceil(view.from / step) * step; tick < view.to; tick += step) {
    pen.fillStyle = theme.line;
    pen.fillRect(x(tick), 0, 1, AXIS);
    pen.fillStyle = theme.soft;
    if (x(tick) < wide - 50) pen.fillText(clock(tick).replace(/\.0$/, ""), x(tick) + 4, AXIS / 2);
  }
}

// --- what is in view -----------------------------------------------------------------------------
function setView(from, span = view.to - view.from) {
  const wide = Math.min(data.duration, Math.max(LEAST_VIEW, span)) || 1e-3;
  view.from = Math.max(0, Math.min(from, data.duration - wide));
  view.to = view.from + wide;
  draw();
}

// Around the cursor where it is in view, else around the middle.
function zoom(factor) {
  const span = view.to - view.from, middle = view.from + span / 2;
  const around = at >= view.from && at <= view.to ? at : middle;
  const wide = Math.min(data.duration, Math.max(LEAST_VIEW, span * factor));
  setView(around - (around - view.from) / span * wide, wide);
}
const pan = (share) => setView(view.from + share * (view.to - view.from));
const fit = () => setView(0, data.duration);

slider.addEventListener("click", (event) => {
  const box = canvases[0].getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
  if (share >= 0) move(view.from + Math.min(1, share) * (view.to - view.from));
});
slider.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.deltaX) return;
  event.preventDefault();
  if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8); else pan(event.deltaX / slider.clientWidth);
}, { passive: false });
slider.addEventListener("keydown", (event) => {
  const far = event.shiftKey ? 10 : 1;
  onKey(event, { ArrowRight: () => move(at + far), ArrowLeft: () => move(at - far), Home: () => move(0),
    End: () => move(data.duration), PageDown: () => move(at + 30), PageUp: () => move(at - 30),
    "+": () => zoom(0.5), "-": () => zoom(2), " ": togglePlay });
});

function onKey(event, keys) {
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}
for (const [id, does] of [["in", () => zoom(0.5)], ["out", () => zoom(2)], ["left", () => pan(-0.5)],
  ["right", () => pan(0.5)], ["fit", fit]]) {
  byId(id).addEventListener("click", does);
}
