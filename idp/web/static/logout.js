// Goes on as soon as every frame is through, and after five seconds at the latest: one
// application that never answers must not hold anybody up. A frame that answers is through
// when it shows our own last page; of the others only that they have loaded can be known.
const next = document.getElementById("logout-continue");
const answering = [...document.querySelectorAll("iframe[data-answers]")];

function told(frame) {
  try {
    return frame.contentDocument.getElementById("told") !== null;
  } catch {
    return false; // still at the application
  }
}

function look() {
  if (document.readyState === "complete" && answering.every(told)) location.replace(next.href);
}

if (next) {
  addEventListener("load", look);
  for (const frame of answering) frame.addEventListener("load", look);
  setTimeout(() => location.replace(next.href), 5000);
  look();
}
