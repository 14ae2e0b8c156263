// A service provider on Shibboleth: shibd and Apache with mod_shib (Debian: libapache2-mod-shib).
// Three applications, each below a path of its own.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listens, start, until } from '../process.js';

const bindings = 'urn:oasis:names:tc:SAML:2.0:bindings:';

const sessions = (app) => `
  <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="http" redirectLimit="exact" handlerURL="/${app.name}/Shibboleth.sso">
    <SSO entityID="${app.idp}">SAML2</SSO>
    <Logout template="post.html">SAML2</Logout>
    <SessionInitiator type="SAML2" Location="/LoginPost" entityID="${app.idp}" outgoingBindings="${bindings}HTTP-POST" template="post.html"/>
    <LogoutInitiator type="SAML2" Location="/Logout-redirect" asynchronous="false" outgoingBindings="${bindings}HTTP-Redirect" template="post.html"/>
    <LogoutInitiator type="SAML2" Location="/Logout-post" asynchronous="false" outgoingBindings="${bindings}HTTP-POST" template="post.html"/>
    <LogoutInitiator type="SAML2" Location="/Logout-soap" asynchronous="false" outgoingBindings="${bindings}SOAP" template="post.html"/>
    <Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
    <Handler type="Session" Location="/Session" showAttributeValues="true" contentType="application/json"/>
  </Sessions>
  <Errors session="error.html" metadata="error.html" localLogout="local.html" globalLogout="global.html" partialLogout="partial.html"/>
  <MetadataProvider type="XML" validate="true" path="${app.idp_metadata}" reloadChanges="false"/>
  <CredentialResolver type="File" key="${app.key}" certificate="${app.certificate}"/>`;

const configuration = (dir, [first, ...others]) => `<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180" logger="console.logger">
  <OutOfProcess logger="${dir}/shibd.logger"/>
  <InProcess logger="${dir}/native.logger"/>
  <UnixListener address="${dir}/shibd.sock"/>
  <ApplicationDefaults entityID="${first.base}" signing="${first.signed}" requireConfidentiality="false" requireTransportAuth="false" REMOTE_USER="name">
    ${sessions(first)}
    <AttributeExtractor type="XML" validate="true" reloadChanges="false" path="${dir}/attribute-map.xml"/>
    ${others.map((app) => `<ApplicationOverride id="${app.name}" entityID="${app.base}" signing="${app.signed}">${sessions(app)}</ApplicationOverride>`).join('\n')}
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" reloadChanges="false" path="protocols.xml"/>
</SPConfig>`;

const attributes = ['mail 0.9.2342.19200300.100.1.3', 'givenName 2.5.4.42', 'sn 2.5.4.4', 'displayName 2.16.840.1.113730.3.1.241', 'uid 0.9.2342.19200300.100.1.1'].map((s) => s.split(' '));
const formats = ['2.0:nameid-format:persistent', '2.0:nameid-format:transient', '1.1:nameid-format:emailAddress', '1.1:nameid-format:unspecified'];
const attributeMap = `<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
${attributes.map(([id, oid]) => `<Attribute name="urn:oid:${oid}" id="${id}"/>`).join('\n')}
${formats.map((f) => `<Attribute name="urn:oasis:names:tc:SAML:${f}" id="name"><AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Format|$Name|$NameQualifier|$SPNameQualifier" defaultQualifiers="false"/></Attribute>`).join('\n')}
</Attributes>`;

const apache = (dir, port, apps) => `
ServerRoot ${dir}
PidFile ${dir}/apache.pid
ServerName http://127.0.0.1:${port}
Listen 127.0.0.1:${port}
ErrorLog ${dir}/apache.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule mod_shib /usr/lib/apache2/modules/mod_shib.so
DefaultRuntimeDir ${dir}
Mutex file:${dir} default
ShibConfig ${dir}/shibboleth2.xml
UseCanonicalName On
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
StartServers 1
ThreadsPerChild 8
MinSpareThreads 1
MaxRequestWorkers 8
${apps.map((app, i) => `<Location /${app.name}>
  AuthType shibboleth
  ShibRequestSetting applicationId ${i === 0 ? 'default' : app.name}
  ShibRequestSetting requireSession false
  Require shibboleth
</Location>
<Location /${app.name}/Shibboleth.sso>
  SetHandler shib-handler
</Location>`).join('\n')}`;

// What people would be shown; here for the test to read.
const templates = {
  'error.html': '{"error": "<shibmlp errorType/>: <shibmlp errorText/> <shibmlp statusCode/> <shibmlp statusCode2/> <shibmlp statusMessage/>"}',
  'global.html': '{"status": "global"}',
  'partial.html': '{"status": "partial"}',
  'local.html': '{"status": "local <shibmlp logoutStatus/>"}',
  'post.html': readTemplate(),
};

function readTemplate() {
  const field = (name) => `<shibmlpif ${name}><input type="hidden" name="${name}" value="<shibmlp ${name}/>"/></shibmlpif>`;
  return `<!doctype html><title>Post</title><body onload="document.forms[0].submit()"><form method="post" action="<shibmlp action/>">${['RelayState', 'SAMLRequest', 'SAMLResponse'].map(field).join('')}</form>`;
}

const logger = (file) => `log4j.rootCategory=INFO, f\nlog4j.appender.f=org.apache.log4j.FileAppender\nlog4j.appender.f.fileName=${file}\nlog4j.appender.f.layout=org.apache.log4j.PatternLayout\nlog4j.appender.f.layout.ConversionPattern=%p %c %m%n\n`;

// startShibboleth starts both processes. Every application of apps has name, base, signed,
// idp (entity ID), idp_metadata, key and certificate (files).
export async function startShibboleth(folder, port, apps) {
  const dir = path.join(folder, 'shibboleth');
  mkdirSync(dir);
  for (const up of [folder, path.dirname(folder)]) chmodSync(up, 0o755); // Apache's workers read it, and are somebody else
  chmodSync(dir, 0o777);
  const files = { ...templates, 'shibboleth2.xml': configuration(dir, apps), 'attribute-map.xml': attributeMap, 'apache.conf': apache(dir, port, apps),
    'shibd.logger': logger(`${dir}/shibd.log`), 'native.logger': logger(`${dir}/native.log`) };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(dir, name), text.replace(/"(error|global|partial|local|post)\.html"/g, `"${dir}/$1.html"`));
  }
  const log = () => ['shibd.log', 'native.log', 'apache.log'].map((f) => path.join(dir, f)).filter(existsSync).map((f) => readFileSync(f, 'utf8')).join('\n');
  const shibd = start('/usr/sbin/shibd', ['-f', '-F', '-c', `${dir}/shibboleth2.xml`, '-p', `${dir}/shibd.pid`]);
  await until('shibd starts', () => existsSync(`${dir}/shibd.sock`), { ...shibd, log: () => shibd.log() + log() });
  const server = start('/usr/sbin/apache2', ['-D', 'FOREGROUND', '-f', `${dir}/apache.conf`]);
  await until('Apache starts', () => listens(port), { ...server, log: () => server.log() + log() });
  return { log };
}

// What differs from the other service providers is said in their words.
export const shibboleth = {
  name: 'Shibboleth',
  start: startShibboleth,
  metadata: (base) => `${base}/Shibboleth.sso/Metadata`,
  login(base, { format, force, passive, binding = 'redirect' } = {}) {
    const q = new URLSearchParams({ target: `${base}/Shibboleth.sso/Session` });
    if (format) q.set('NameIDFormat', format);
    if (force) q.set('forceAuthn', '1');
    if (passive) q.set('isPassive', '1');
    return `${base}/Shibboleth.sso/Login${binding === 'post' ? 'Post' : ''}?${q}`;
  },
  session: (base) => `${base}/Shibboleth.sso/Session`,
  logout: (base, binding = 'redirect') => `${base}/Shibboleth.sso/Logout-${binding}`,
  leave: (base) => `${base}/Shibboleth.sso/Logout`, // as it comes: the request wants no answer (asynchronous)
  // read turns what the application shows into what the others show.
  read(text) {
    const got = JSON.parse(text || '{}');
    const values = Object.fromEntries((got.attributes ?? []).map((a) => [a.name, a.values]));
    if (!values.name) return got;
    const [format, nameid, name_qualifier, sp_name_qualifier] = values.name[0].split('|');
    delete values.name;
    for (const [id, oid] of attributes) values[`urn:oid:${oid}`] = values[id];
    return { nameid, format, name_qualifier: name_qualifier || null, sp_name_qualifier: sp_name_qualifier || null, attributes: values,
      class: got.authncontext_class, instant: got.authn_instant };
  },
};
