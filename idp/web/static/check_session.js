// Answers "client_id session_state" of an application's frame (OpenID Connect Session
// Management §3.2): "unchanged", "changed" or "error". The sender's origin is part of the
// hash, so one application learns nothing with another's session_state.
const cookieName = document.getElementById("check-session").dataset.cookie;

function browserState() {
  for (const pair of document.cookie.split("; ")) {
    const at = pair.indexOf("=");
    if (pair.slice(0, at) === cookieName) return pair.slice(at + 1);
  }
  return "";
}

async function hash(text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(sum))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function answer(data, origin) {
  const parts = typeof data === "string" ? /^([\x20-\x7e]+) ([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{1,64})$/.exec(data) : null;
  const state = browserState();
  // Without a cookie nothing can be said: the browser holds it back in frames of other
  // sites. "changed" would send applications round in circles.
  if (!parts || !state || !crypto.subtle) return "error";
  const [, client, sent, salt] = parts;
  return (await hash([client, origin, state, salt].join(" "))) === sent ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (!event.source || event.origin === "null") return; // nobody to answer
  event.source.postMessage(await answer(event.data, event.origin), event.origin);
});
