// Colours that can be told from the page, hatching, and the cells of lanes.
const FADED = 0.07;
let theme = null;

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function luminance(rgb) {
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const [red, green, blue] = rgb.map((part) => linear(part / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// A colour, mixed with the text's until it stands out from the page as edges of parts must (3:1).
function edge(colour, front, back) {
  let rgb = channels(colour);
  while (contrast(rgb, back) < 3) rgb = rgb.map((part, at) => part + 0.1 * (front[at] - part));
  return `rgb(${rgb.map(Math.round).join(" ")})`;
}

function hatching(colour, crossed) {
  const tile = document.createElement("canvas"), pen = tile.getContext("2d");
  const side = Math.round(6 * (window.devicePixelRatio || 1));
  tile.width = tile.height = side;
  pen.strokeStyle = colour;
  pen.lineWidth = side / 5;
  pen.beginPath();
  for (const [from, to] of [[-1, 1], [0, 2], [1, 3]]) {
    pen.moveTo(from * side, side);
    pen.lineTo(to * side, -side);
    if (crossed) {
      pen.moveTo(from * side, 0);
      pen.lineTo(to * side, 2 * side);
    }
  }
  pen.stroke();
  const pattern = pen.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(6 / side));
  return pattern;
}

// The page's colours; made anew when the theme changes.
function retheme() {
  const root = getComputedStyle(document.documentElement);
  const named = (name) => root.getPropertyValue(name).trim();
  const body = getComputedStyle(document.body);
  const [front, back] = [body.color, body.backgroundColor].map((rgb) => rgb.match(/\d+/g).map(Number));
  theme = { back: body.backgroundColor, soft: named("--soft"), line: named("--line"),
    accent: named("--accent"), family: body.fontFamily,
    edges: data.colours.map((colour) => edge(colour, front, back)),
    persons: data.persons.map((colour) => edge(colour, front, back)),
    unsure: hatching(body.backgroundColor, false), mixed: hatching(body.backgroundColor, true) };
}

// Hatched where a row is unsure, crossed where its modalities are sure and disagree.
function hatch(pen, flags, left, top, wide, high) {
  if (!flags) return;
  pen.globalAlpha = 0.75;
  pen.fillStyle = flags & MIXED ? theme.mixed : theme.unsure;
  pen.fillRect(left, top, wide, high);
}

// What something says for a while: paler and hatched the less sure, with an edge that can always be seen.
function paintCell(pen, { left, right, top, high, emotion, sure, shown }) {
  const wide = Math.max(1, right - left - (right - left > 3 ? 1 : 0));
  pen.globalAlpha = shown ? Math.max(0.25, sure) : FADED;
  pen.fillStyle = data.colours[emotion];
  pen.fillRect(left, top, wide, high);
  if (!shown) return;
  if (sure < data.sure) hatch(pen, UNSURE, left, top, wide, high);
  pen.globalAlpha = 1;
  pen.fillStyle = theme.edges[emotion];
  pen.fillRect(left, top + high - 2, wide, 2);
  if (wide < 18) return;
  pen.fillStyle = "#000";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(data.emoji[emotion], left + wide / 2, top + high / 2);
}
