// The transcript: it follows the playback until its reader scrolls, and can be searched and filtered.
const list = byId("rows"), toFollow = byId("follow");
const several = new Set(rows.map((row) => row.cells[SPEAKER]).filter((person) => person >= 0)).size > 1;
let current = -1, following = true;

function line(cells) {
  const button = element("button", "", "row"), said = element("span", "", "said");
  const flagged = cells[FLAGS] & MIXED ? " mixed" : cells[FLAGS] & UNSURE ? " unsure" : "";
  button.type = "button";
  if (cells[SPEAKER] >= 0 && (several || data.named[cells[SPEAKER]])) said.append(speaker(cells[SPEAKER]));
  said.append(element("span", cells[SAID] || data.words.silence, cells[SAID] ? "" : "soft"));
  const emotion = `${label(cells[EMOTION])} ${percent(cells[SURE])}${doubt(cells)}`;
  button.append(element("span", "", `edge c${cells[EMOTION]}${flagged}`),
    element("time", clock(cells[START])), said, element("span", emotion, "emotion"));
  button.addEventListener("click", () => {
    follow(true);
    move(cells[START]);
  });
  return button;
}

function speaker(person) {
  const who = element("span", "", "who");
  who.append(element("span", "", `dot p${person % data.persons.length}`), data.people[person]);
  return who;
}

function fill() {
  const all = document.createDocumentFragment();
  for (const row of rows) {
    row.item = document.createElement("li");
    row.item.append(line(row.cells));
    all.append(row.item);
  }
  list.append(all);
}

function mark(index) {
  if (index === current) return;
  if (rows[current]) rows[current].item.firstChild.removeAttribute("aria-current");
  current = index;
  if (!rows[current]) return;
  rows[current].item.firstChild.setAttribute("aria-current", "true");
  if (following) reveal();
}

// The current line, a third down the list; nothing but the list scrolls.  Lines that were never in view have
// a guessed height, so that it takes another look once they are.
function reveal(again = 3) {
  const item = rows[current]?.item;
  if (!item || item.hidden || !following) return;
  const top = item.offsetTop - list.scrollTop, high = list.clientHeight;
  if (top < 0 || top + item.offsetHeight > high * 0.8) list.scrollTop = item.offsetTop - high / 3;
  if (again) requestAnimationFrame(() => reveal(again - 1));
}

function follow(on) {
  following = on;
  toFollow.hidden = on;
  if (on) reveal();
}
// What a reader does to scroll; what the page scrolls itself is not among it.
for (const gesture of ["wheel", "touchmove"]) {
  list.addEventListener(gesture, () => follow(false), { passive: true });
}
list.addEventListener("pointerdown", (event) => { if (event.target === list) follow(false); });
list.addEventListener("keydown", (event) => {
  if (["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(event.key)) follow(false);
});
toFollow.addEventListener("click", () => {
  follow(true);
  list.focus();
});

function filter() {
  let count = 0;
  for (const row of rows) {
    row.shown = passes(row.cells);
    row.item.hidden = !row.shown;
    count += row.shown;
  }
  byId("count").textContent = data.words.count.replace("{}", count).replace("{}", rows.length);
  repaint();
}
for (const box of document.querySelectorAll("[name=emotion]")) {
  box.addEventListener("change", () => {
    if (box.checked) filters.emotions.add(Number(box.value)); else filters.emotions.delete(Number(box.value));
    filter();
  });
}
byId("person").addEventListener("change", (event) => {
  filters.person = Number(event.target.value);
  filter();
});
byId("search").addEventListener("input", (event) => {
  filters.words = event.target.value.toLocaleLowerCase();
  filter();
});
byId("least").addEventListener("input", (event) => {
  filters.least = Number(event.target.value);
  byId("least-value").textContent = `${filters.least} %`;
  filter();
});
