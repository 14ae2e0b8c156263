// A person with a browser that has no script: cookies, redirects and forms, and nothing else.
import assert from 'node:assert/strict';

const text = (html) => html.replace(/&#(x?)([0-9a-f]+);/gi, (_, x, n) => String.fromCodePoint(parseInt(n, x ? 16 : 10)))
  .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
const attribute = (tag, name) => { const m = tag.match(new RegExp(`\\s${name}="([^"]*)"`)); return m && text(m[1]); };

// Page is what the browser shows: html at url.
class Page {
  constructor(browser, url, status, html) { Object.assign(this, { browser, url, status, html }); }

  has(id) { return this.html.includes(`id="${id}"`); }

  // text is for messages of tests.
  text() { return `${this.status} ${this.url} ${text(this.html.replace(/<(style|script|title)[\s\S]*?<\/\1>|<[^>]*>/g, ' ')).replace(/\s+/g, ' ')}`; }

  // form that holds the button, and what a browser would send of it.
  form(button) {
    const whole = this.html.match(/<form[\s\S]*?<\/form>/g)?.find((f) => f.includes(`id="${button}"`));
    assert.ok(whole, `a form with #${button} at ${this.text()}`);
    const tags = whole.match(/<(input|button)\b[^>]*>/g);
    const sent = tags.filter((t) => t.startsWith('<input') || attribute(t, 'id') === button);
    const fields = new URLSearchParams(sent.filter((t) => attribute(t, 'name')).map((t) => [attribute(t, 'name'), attribute(t, 'value') ?? '']));
    return { action: new URL(attribute(whole, 'action'), this.url), fields };
  }

  async press(button, values = {}) {
    const { action, fields } = this.form(button);
    for (const [name, value] of Object.entries(values)) fields.set(name, value);
    return this.browser.open(action, { method: 'POST', body: fields });
  }
}

export class Browser {
  #cookies = new Map();

  // open goes where the redirects lead, up to an address that leaves provider.
  constructor(provider) { this.provider = provider; }

  async open(address, request = {}) {
    for (let hops = 0; hops < 10; hops++) {
      const url = new URL(address);
      if (url.origin !== this.provider) return new Page(this, url, 0, '');
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(url, { ...request, redirect: 'manual', headers: { Accept: 'text/html', ...(cookie && { Cookie: cookie }), ...(request.method === 'POST' && { Origin: this.provider }) } });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
        if (/max-age=0|max-age=-/i.test(line)) this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const location = answer.headers.get('Location');
      if (!location) return new Page(this, url, answer.status, await answer.text());
      assert.equal(answer.status, 303, `${url} redirects by 303`);
      await answer.arrayBuffer();
      [address, request] = [new URL(location, url), {}];
    }
    throw new Error(`redirected for ever: ${address}`);
  }

  // signIn opens address and answers whatever the pages ask.
  async signIn(address, username, password) {
    let page = await this.open(address);
    if (page.has('login-submit')) page = await page.press('login-submit', { username, password });
    if (page.has('consent-allow')) page = await page.press('consent-allow');
    return page;
  }
}
