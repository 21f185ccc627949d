// The lanes of a person: when they speak, what the face says in every picture, what voice and words say.
const LANE = 17, SPEAKS = 4, LEAST_TRACK = 33;
const listed = new Set(data.tracks.map((track) => track.person));
const trackOf = (cells) => listed.has(cells[SPEAKER]) ? cells[SPEAKER] : -1;

function personTrack(track) {
  const high = Math.max(LEAST_TRACK, track.lanes.length * LANE + 12);
  const spoken = rows.filter((row) => trackOf(row.cells) === track.person);
  return { high, paint(pen, scale) {
    let top = (high - track.lanes.length * LANE) / 2;
    if (track.person >= 0) paintSpeech(pen, scale, spoken, top - SPEAKS - 1, track.person);
    for (const lane of track.lanes) {
      if (lane === FACE) paintFace(pen, scale, track.person, top);
      else paintReadings(pen, scale, spoken, lane, top);
      top += LANE;
    }
  } };
}

// Rows within the view, with their edges in px.
function* inView(some, { view, x, wide }) {
  for (let i = Math.max(0, lastAt(some, (row) => row.cells[START], view.from)); i < some.length; i++) {
    const { cells } = some[i];
    if (cells[START] >= view.to) return;
    const [left, right] = [Math.max(0, x(cells[START])), Math.min(wide, x(cells[END]))];
    if (cells[END] > view.from) yield [some[i], left, right];
  }
}

function paintSpeech(pen, scale, spoken, top, person) {
  pen.fillStyle = theme.persons[person % theme.persons.length];
  for (const [row, left, right] of inView(spoken, scale)) {
    pen.globalAlpha = row.shown ? 1 : FADED;
    pen.fillRect(left, top, Math.max(1, right - left), SPEAKS);
  }
}

function paintReadings(pen, scale, spoken, modality, top) {
  let filled = -1;
  for (const [row, left, right] of inView(spoken, scale)) {
    const said = row.cells[READINGS][modality];
    if (!said || right < filled + 0.5) continue;
    const [emotion, sure] = [said[0], said[1] / 1000];
    paintCell(pen, { left, right, top, high: LANE - 1, emotion, sure, shown: row.shown });
    filled = right;
  }
}

// The mean of each pixel, so that zooming in shows every picture that was looked at.
function paintFace(pen, { view, span, wide }, person, top) {
  const seen = sightings.get(person) || [], dim = filters.person >= 0 && filters.person !== person;
  const step = Math.max(1, Math.ceil(data.step / span * wide)), mean = new Float64Array(CLASSES);
  const pixelOf = (one) => Math.floor((one.time - view.from) / span * wide);
  let at = Math.max(0, lastAt(seen, (one) => one.time, view.from));
  while (at < seen.length && seen[at].time < view.to) {
    const pixel = pixelOf(seen[at]);
    let count = 0;
    mean.fill(0);
    for (; at < seen.length && pixelOf(seen[at]) === pixel; at++, count++) {
      for (let c = 0; c < CLASSES; c++) mean[c] += seen[at].scores[c];
    }
    const next = at < seen.length ? pixelOf(seen[at]) : Infinity;
    const right = Math.min(wide, next <= pixel + 1.5 * step ? next : pixel + step);
    const best = mean.indexOf(Math.max(...mean)), sure = mean[best] / count / 255;
    if (right <= 0) continue;
    const shown = !dim && filters.emotions.has(best) && sure * 100 >= filters.least;
    paintCell(pen, { left: Math.max(0, pixel), right, top, high: LANE - 1, emotion: best, sure, shown });
  }
}
