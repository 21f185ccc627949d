// The timeline as data: its rows and faces, and which of them are shown.
const [START, END, EMOTION, SURE, SCORES, READINGS, PERSON, SPEAKER, SAID, FLAGS] = Array(10).keys();
const MIXED = 1, UNSURE = 2, FACE = -1;
const CLASSES = data.labels.length;
const rows = data.rows.map((cells) => ({ cells, shown: true, item: null }));
const filters = { emotions: new Set(data.labels.keys()), person: -1, least: 0, words: "" };

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

// Each person's sightings in order of time: seconds, and seven scores of 255 each.
const sightings = new Map();
{
  const time = new Uint32Array(bytes(data.faces.time)), person = new Uint16Array(bytes(data.faces.person));
  const scores = new Uint8Array(bytes(data.faces.scores));
  for (let i = 0; i < time.length; i++) {
    if (!sightings.has(person[i])) sightings.set(person[i], []);
    const own = scores.subarray(i * CLASSES, (i + 1) * CLASSES);
    sightings.get(person[i]).push({ time: time[i] / 1000, scores: own });
  }
}

// The last of some things in order of time that begins by then, or -1.
function lastAt(things, begin, seconds) {
  let low = -1, high = things.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begin(things[middle]) <= seconds) low = middle; else high = middle - 1;
  }
  return low;
}
function rowAt(seconds) {
  return Math.max(lastAt(rows, (row) => row.cells[START], seconds), Math.min(0, rows.length - 1));
}

function clock(seconds) {
  const whole = Math.max(0, seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const rest = (Math.floor(whole * 10 + 1e-6) / 10 % 60).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
const label = (emotion) => `${data.emoji[emotion]} ${data.labels[emotion]}`;
const percent = (thousandths) => `${Math.round(thousandths / 10)} %`;

// Why not to rely on a row, in words.
function doubt(cells) {
  if (cells[FLAGS] & MIXED) return `, ${data.words.mixed_short}`;
  return cells[FLAGS] & UNSURE ? `, ${data.words.unsure}` : "";
}

function passes(cells) {
  return filters.emotions.has(cells[EMOTION]) && cells[SURE] >= filters.least * 10
    && (filters.person < 0 || cells[PERSON] === filters.person)
    && cells[SAID].toLocaleLowerCase().includes(filters.words);
}
