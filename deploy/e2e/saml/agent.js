// A browser without script: cookies, redirects, and forms that carry a SAML message.
import assert from 'node:assert/strict';

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (s) => s.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, number, name) =>
  name ? entities[name] ?? all : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(number)));
const attribute = (tag, name) => unescape(new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag)?.slice(1).find((v) => v !== undefined) ?? '');

// forms lists the forms of a page with the values that they have.
export function forms(html) {
  return [...html.matchAll(/<form\b[^>]*>[\s\S]*?(?:<\/form>|$)/gi)].map(([form]) => ({
    action: attribute(form.slice(0, form.indexOf('>') + 1), 'action'),
    fields: Object.fromEntries([...form.matchAll(/<input\b[^>]*>/gi)].map(([i]) => [attribute(i, 'name'), attribute(i, 'value')]).filter(([n]) => n)),
  }));
}

const frames = (html) => [...html.matchAll(/<iframe\b[^>]*>/gi)].map(([f]) => attribute(f, 'src'));

export class Agent {
  cookies = new Map(); // by host: browsers do not tell ports apart
  sent = []; // every SAML message that was carried: { name, value, to }

  // go opens an address, or sends a form there, and follows wherever that leads by itself.
  async go(url, fields) {
    for (let step = 0; step < 25; step++) {
      const page = await this.once(url, fields);
      fields = undefined;
      if (page.location) { url = page.location; continue; }
      const form = page.html && forms(page.text).find((f) => f.fields.SAMLRequest || f.fields.SAMLResponse);
      if (form) { [url, fields] = [new URL(form.action, page.url).href, form.fields]; continue; }
      const visits = page.html ? frames(page.text) : [];
      if (visits.length === 0) return page;
      for (const visit of visits) await this.go(new URL(visit, page.url).href);
      url = new URL(attribute(/<a\b[^>]*id="logout-continue"[^>]*>/.exec(page.text)[0], 'href'), page.url).href;
    }
    assert.fail(`${url} goes round in circles`);
  }

  async once(url, fields) {
    const { hostname, searchParams } = new URL(url);
    for (const name of ['SAMLRequest', 'SAMLResponse']) {
      const value = fields?.[name] ?? searchParams.get(name);
      if (value) this.sent.push({ name, value, to: url });
    }
    const jar = this.cookies.get(hostname) ?? this.cookies.set(hostname, new Map()).get(hostname);
    const headers = { accept: 'text/html', cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') };
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(20_000), headers, ...(fields && { method: 'POST', body: new URLSearchParams(fields) }) });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...rest] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const over = rest.some((r) => /^\s*max-age=(0|-)/i.test(r) || (/^\s*expires=/i.test(r) && Date.parse(r.slice(r.indexOf('=') + 1)) < Date.now()));
      if (over) jar.delete(name); else jar.set(name, value);
    }
    const location = answer.headers.get('location');
    const text = await answer.text();
    return { url, status: answer.status, text, html: /text\/html/.test(answer.headers.get('content-type') ?? ''), location: location && new URL(location, url).href };
  }
}
