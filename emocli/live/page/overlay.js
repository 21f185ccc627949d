"use strict";
// Captions as they come. All words are set as text, never as markup.

const WORDS = {
  en: { title: "Live captions", stalled: "The source has stalled.", resumed: "", lost: "Some of it was lost.",
        away: "No connection. Trying again.", end: "The session has ended.", unheard: "…" },
  ko: { title: "실시간 자막", stalled: "소리가 들어오지 않습니다.", resumed: "", lost: "일부가 빠졌습니다.",
        away: "연결이 끊겼습니다. 다시 잇는 중입니다.", end: "끝났습니다.", unheard: "…" },
};
// A caption stays SHORTEST s, or longer if it takes longer to read; captions on the page, by kind of theme.
const SHORTEST = 6, CHARACTERS_A_SECOND = 12, OVER_PICTURES = 4, OWN_SCREEN = 40;
// Two messages are about one utterance if their starts differ by no more, s.
const SAME = 0.05;
const AGAIN = 3000;

const asked = new URLSearchParams(location.search);
const lang = asked.get("lang") in WORDS ? asked.get("lang") : "en";
const theme = asked.get("theme");
const ownScreen = theme === "dark" || theme === "light";
const captions = document.getElementById("captions"), unfinished = document.getElementById("unfinished");
const still = matchMedia("(prefers-reduced-motion: reduce)");
let classes = [], last = 0, waiting = [];

document.documentElement.lang = lang;
if (theme) document.documentElement.dataset.theme = theme;
document.title = document.querySelector("h1").textContent = WORDS[lang].title;

function say(kind) {
  document.getElementById("status").textContent = WORDS[lang][kind];
}

function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

function fill(paragraph, said) {
  const line = span("line", "");
  if (said.speaker) line.append(span("speaker", `${said.speaker}: `));
  const words = span("words", said.text || WORDS[lang].unheard);
  if (/^[a-z]{2,3}$/.test(said.language)) words.lang = said.language;
  line.append(words);
  const own = classes[said.emotion];
  if (own) {
    paragraph.style.setProperty("--colour", own.colour);
    line.append(" ", span("emotion", `${own.emoji} ${own.label[lang]}`));
  }
  paragraph.replaceChildren(line);
}

function showUnfinished(said, read) {
  let one = waiting.find((other) => Math.abs(other.start - said.start) < SAME || !other.read);
  if (!one) {
    one = { element: document.createElement("p") };
    one.element.className = "caption unfinished";
    unfinished.append(one.element);
    waiting.push(one);
  }
  // The voice is read before its words are: those that were shown stay.
  Object.assign(one, { start: said.start, end: said.end, read, text: said.text || one.text || "" });
  fill(one.element, { ...said, text: one.text });
}

function fade(element, seconds) {
  setTimeout(() => {
    element.classList.add("old");
    if (!ownScreen) setTimeout(() => element.remove(), still.matches ? 0 : 1000);
  }, seconds * 1000);
}

function final(said) {
  say("resumed");
  // What became this one, or a part of it; what comes next may begin a little before its end.
  const middle = (one) => (one.start + one.end) / 2;
  waiting = waiting.filter((one) => {
    const covered = one.start < middle(said) || middle(one) < said.end;
    if (covered) one.element.remove();
    return !covered;
  });
  const left = Math.max(SHORTEST, said.text.length / CHARACTERS_A_SECOND) - (Date.now() / 1000 - said.at);
  if (left <= 0 && !ownScreen) return;
  const made = document.createElement("p");
  made.className = "caption";
  fill(made, said);
  captions.append(made);
  while (captions.children.length > (ownScreen ? OWN_SCREEN : OVER_PICTURES)) captions.firstChild.remove();
  fade(made, Math.max(0, left));
}

function connect() {
  const source = new EventSource("events");
  const hear = (kind, then) => source.addEventListener(kind, (event) => then(JSON.parse(event.data), event));
  source.addEventListener("open", () => {
    say("resumed");
    waiting = [];
    unfinished.replaceChildren();
  });
  source.addEventListener("error", () => {
    say("away");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN);
  });
  hear("classes", (data) => { classes = data.classes; });
  hear("partial", (said) => showUnfinished(said, false));
  hear("voice", (said) => showUnfinished(said, true));
  hear("caption", (said, event) => {
    if (Number(event.lastEventId) <= last) return;
    last = Number(event.lastEventId);
    final(said);
  });
  hear("status", (data) => say(data.kind));
  hear("end", () => {
    source.close();
    say("end");
  });
}

connect();
