// Where we are in the video: played, sought, linked to; and what is read there.
const media = byId("media"), now = byId("now");
let announced = "", linking = 0;

// Go to a time.  `seek` leads the video there, `reveal` the timeline's view; playback takes the view along
// only from within it, so that somebody who looks elsewhere meanwhile is left there.
function move(seconds, { seek = true, reveal = seek } = {}) {
  const inside = at >= view.from && at <= view.to;
  at = Math.min(Math.max(0, seconds), data.duration);
  if (seek && media) media.currentTime = at;
  if ((at < view.from || at > view.to) && (reveal || inside)) setView(at - (view.to - view.from) / 10);
  const index = rowAt(at);
  announce(index);
  mark(index);
  placeCursor();
  if (seek) link();
}

function announce(index) {
  const cells = rows[index]?.cells, parts = cells ? says(cells) : [];
  const text = [clock(at), ...parts].join(" · ");
  if (text === announced) return;
  announced = text;
  const [fused, ...modalities] = parts.map((part, i) => element("span", part, i ? "" : "fused"));
  now.replaceChildren(element("b", clock(at)), fused || "", element("br"), ...modalities);
  slider.setAttribute("aria-valuenow", at.toFixed(1));
  slider.setAttribute("aria-valuetext", text);
}

// What is read of a row, in words: who, all together, and each modality by itself.
function says(cells) {
  const who = cells[PERSON] >= 0 ? `${data.people[cells[PERSON]]}: ` : "";
  const parts = data.modalities.map((name, i) => [name, cells[READINGS][i]]).filter(([, said]) => said)
    .map(([name, [emotion, sure]]) => `${name} ${label(emotion)} ${percent(sure)}`);
  const fused = data.words.read_as.replace("{}", label(cells[EMOTION]));
  return [`${who}${fused} ${percent(cells[SURE])}${doubt(cells)}`, ...parts];
}

const togglePlay = () => media && (media.paused ? media.play() : media.pause());

if (media) {
  const update = (event) => move(media.currentTime, { seek: false, reveal: event?.type === "seeked" });
  const play = () => {
    update();
    if (!media.paused) requestAnimationFrame(play);
  };
  media.addEventListener("play", play);
  for (const event of ["seeked", "timeupdate"]) media.addEventListener(event, update);
  media.addEventListener("pause", link);
  const unplayable = () => { byId("unplayable").hidden = false; };
  media.addEventListener("error", unplayable);
  if (media.error) unplayable();
}
for (const button of document.querySelectorAll("[data-seek]")) {
  button.addEventListener("click", () => {
    move(Number(button.dataset.seek));
    slider.scrollIntoView({ block: "nearest" });
  });
}

// --- links to a moment ---------------------------------------------------------------------------
const fragment = () => `#t=${at.toFixed(1)}`;

// Once a while, as browsers allow no more than some changes of the address in a time.
function link() {
  clearTimeout(linking);
  linking = setTimeout(() => history.replaceState(null, "", fragment()), 300);
}

function openLink() {
  const found = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (found) move(Number(found[1]));
  return Boolean(found);
}
addEventListener("hashchange", openLink);
byId("link").addEventListener("click", async (event) => {
  const button = event.currentTarget, before = button.textContent;
  history.replaceState(null, "", fragment());
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = data.words.copied;
    setTimeout(() => { button.textContent = before; }, 2000);
  } catch {
    prompt(before, location.href);  // no clipboard: to be copied by hand
  }
});
