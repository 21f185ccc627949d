// The strip of the whole video: a scroll bar whose window is what the timeline shows, to drag or to widen.
const overview = byId("overview"), pane = byId("window"), whole = overview.querySelector("canvas");
const STRIP = 22, HANDLE = 8;
let drag = null;

function paintOverview() {
  const pen = penOf(whole, STRIP), wide = whole.clientWidth, pixel = data.duration / wide;
  for (let x = 0; x < wide; x++) {
    const row = rows[rowAt((x + 0.5) * pixel)];
    if (!row) return;
    pen.globalAlpha = row.shown ? Math.max(0.25, row.cells[SURE] / 1000) : FADED;
    pen.fillStyle = data.colours[row.cells[EMOTION]];
    pen.fillRect(x, 0, 1, STRIP);
  }
  let left = 0, flags = 0;  // hatched in stretches, as lines of one pixel would show no hatching
  for (let x = 0; x <= wide; x++) {
    const row = rows[rowAt((x + 0.5) * pixel)], now = x < wide && row.shown ? row.cells[FLAGS] : 0;
    if (now === flags) continue;
    hatch(pen, flags, left, 0, x - left, STRIP);
    [left, flags] = [x, now];
  }
}

function placeWindow() {
  const share = (seconds) => `${seconds / data.duration * 100}%`, span = view.to - view.from;
  pane.style.left = share(view.from);
  pane.style.width = share(span);
  const rest = data.duration - span;
  overview.setAttribute("aria-valuenow", String(rest > 0 ? Math.round(view.from / rest * 100) : 0));
  overview.setAttribute("aria-valuetext", `${clock(view.from)} – ${clock(view.to)}`);
}

const secondsAt = (event) => {
  const box = overview.getBoundingClientRect();
  return (event.clientX - box.left) / box.width * data.duration;
};
overview.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  const box = pane.getBoundingClientRect(), where = secondsAt(event), span = view.to - view.from;
  const inside = event.clientX >= box.left && event.clientX <= box.right;
  if (!inside) setView(where - span / 2);
  const handle = inside && box.width > 3 * HANDLE
    && (event.clientX < box.left + HANDLE ? "from" : event.clientX > box.right - HANDLE ? "to" : "");
  drag = { handle, offset: where - view.from };
  overview.setPointerCapture(event.pointerId);
});
overview.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const where = secondsAt(event);
  const from = Math.min(where, view.to - LEAST_VIEW);
  if (drag.handle === "from") setView(from, view.to - from);
  else if (drag.handle === "to") setView(view.from, where - view.from);
  else setView(where - drag.offset);
});
for (const end of ["pointerup", "pointercancel"]) overview.addEventListener(end, () => { drag = null; });
overview.addEventListener("keydown", (event) => onKey(event, {
  ArrowLeft: () => pan(-0.1), ArrowRight: () => pan(0.1), PageUp: () => pan(-1), PageDown: () => pan(1),
  Home: () => setView(0), End: () => setView(data.duration), "+": () => zoom(0.5), "-": () => zoom(2) }));
