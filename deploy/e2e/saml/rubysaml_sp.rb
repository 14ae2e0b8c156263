# A service provider on ruby-saml (Debian: ruby-saml, ruby-webrick), driven by ../saml.test.js;
# ../guides/rubysaml_vendor.rb is built on it.
#
# One process serves several applications, each at /<name>, as the JSON file says that is
# its only argument. After a sign-in, /<name>/session shows what the application has heard.
require 'json'
require 'securerandom'
require 'webrick'
require 'onelogin/ruby-saml'

include OneLogin::RubySaml

class App
  attr_reader :sessions, :base

  def initialize(conf)
    @conf, @base = conf, conf['base']
    @sessions, @outstanding, @lock = {}, [], Mutex.new
    settings # the metadata of the identity provider can be read
  end

  def settings(binding = 'redirect')
    s = IdpMetadataParser.new.parse(File.read(@conf['idp_metadata']))
    s.sp_entity_id = @base
    s.assertion_consumer_service_url = @base + '/acs'
    s.single_logout_service_url = @base + '/slo'
    s.certificate, s.private_key = File.read(@conf['certificate']), File.read(@conf['key'])
    s.idp_sso_service_binding = s.idp_slo_service_binding = binding.to_sym
    s.compress_request = binding == 'redirect'
    s.name_identifier_format = nil
    s.security = s.security.merge(
      authn_requests_signed: @conf['signed'], logout_requests_signed: true, logout_responses_signed: true,
      want_assertions_encrypted: true, # only makes the metadata show a key
      digest_method: XMLSecurity::Document::SHA256, signature_method: XMLSecurity::Document::RSA_SHA256
    )
    s
  end

  def login(q)
    s = settings(q['binding'] || 'redirect')
    s.name_identifier_format = q['format']
    s.force_authn = true if q['force']
    s.passive = true if q['passive']
    request = Authrequest.new
    @lock.synchronize { @outstanding << request.uuid }
    return { to: request.create(s, RelayState: 'from ruby-saml') } if s.compress_request
    { to: s.idp_sso_service_url, fields: request.create_params(s, RelayState: 'from ruby-saml') }
  end

  def hear(form)
    r = Response.new(form['SAMLResponse'], settings: settings, skip_subject_confirmation: false)
    raise r.errors.join(' ') unless r.is_valid?
    raise 'nobody asked for this answer' unless r.in_response_to.nil? || @lock.synchronize { @outstanding.delete(r.in_response_to) }
    secret = SecureRandom.hex
    node = r.send(:xpath_first_from_signed_assertion, '/a:AuthnStatement')
    @sessions[secret] = {
      nameid: r.nameid, format: r.name_id_format, name_qualifier: r.name_id_namequalifier, sp_name_qualifier: r.name_id_spnamequalifier,
      attributes: r.attributes.all, class: REXML::XPath.first(node, './/*[local-name()="AuthnContextClassRef"]').text,
      instant: node.attributes['AuthnInstant'], index: r.sessionindex, in_response_to: r.in_response_to, relay_state: form['RelayState']
    }
    secret
  end

  def logout(q, session)
    s = settings(q['binding'] || 'redirect')
    s.name_identifier_value, s.name_identifier_format, s.sessionindex = session[:nameid], session[:format], session[:index]
    s.idp_name_qualifier, s.sp_name_qualifier = session[:name_qualifier], session[:sp_name_qualifier]
    request = Logoutrequest.new
    @lock.synchronize { @outstanding << request.uuid }
    return { to: request.create(s, RelayState: 'leaving') } if s.compress_request
    { to: s.idp_slo_service_url, fields: request.create_params(s, RelayState: 'leaving') }
  end

  # A LogoutRequest of the identity provider: the address of the answer.
  def told(q, raw)
    raise 'the LogoutRequest is not signed' unless q['Signature']
    s = settings
    m = SloLogoutrequest.new(q['SAMLRequest'], settings: s, get_params: q, raw_get_params: raw)
    raise m.errors.join(' ') unless m.is_valid?
    @sessions.delete_if { |_, v| v[:nameid] == m.nameid && (m.session_indexes.empty? || m.session_indexes.include?(v[:index])) }
    SloLogoutresponse.new.create(s, m.id, nil, RelayState: q['RelayState'])
  end

  def left(q, raw)
    raise 'the LogoutResponse is not signed' unless q['Signature']
    m = Logoutresponse.new(q['SAMLResponse'], settings, get_params: q, raw_get_params: raw)
    raise 'nobody asked for this answer' unless @lock.synchronize { @outstanding.delete(m.in_response_to) }
    raise m.errors.join(' ') unless m.validate
    { status: m.status_code, sub: REXML::XPath.first(m.document, '//p:StatusCode/p:StatusCode/@Value', 'p' => 'urn:oasis:names:tc:SAML:2.0:protocol')&.value }
  end
end

class Servlet < WEBrick::HTTPServlet::AbstractServlet
  def initialize(server, apps)
    super
    @apps = apps
  end

  # route is the application that a path belongs to, and the step there.
  def route(path)
    _, name, step = path.split('/', 3)
    [name, step]
  end

  def do_GET(req, res)
    name, step = route(req.path)
    app, cookie = @apps.fetch(name), "rubysaml-#{name}"
    session = app.sessions[req.cookies.find { |c| c.name == cookie }&.value]
    res['Content-Type'] = 'application/json'
    raw = (req.query_string || '').split('&').to_h { |p| p.split('=', 2) }
    q = req.query.transform_values(&:to_s)
    case step
    when 'metadata' then res.body = Metadata.new.generate(app.settings)
    when 'login' then carry(res, app.login(q))
    when 'acs'
      res.cookies << WEBrick::Cookie.new(cookie, app.hear(q)).tap { |c| c.path = '/' }
      carry(res, to: app.base + '/session')
    when 'session' then res.body = (session || {}).to_json
    when 'logout' then carry(res, app.logout(q, session))
    when 'slo'
      return carry(res, to: app.told(q, raw)) if q['SAMLRequest']
      res.body = app.left(q, raw).to_json
      app.sessions.delete_if { |_, v| v.equal?(session) }
    else res.status = 404
    end
  rescue StandardError => e # the test wants to see what the library says
    res.status, res.body = 403, { error: "#{e.class}: #{e.message}" }.to_json
  end
  alias do_POST do_GET

  def carry(res, message)
    unless message[:fields]
      res.status, res['Location'] = 303, message[:to]
      return
    end
    res['Content-Type'] = 'text/html'
    inputs = message[:fields].map { |k, v| %(<input type="hidden" name="#{k}" value="#{CGI.escapeHTML(v)}">) }.join
    res.body = %(<!doctype html><title>Post</title><body onload="document.forms[0].submit()"><form method="post" action="#{CGI.escapeHTML(message[:to])}">#{inputs}</form>)
  end
end

# serve runs until it is told to end.
def serve(servlet, apps, config, **more)
  server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: config['port'], AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN), **more)
  server.mount('/', servlet, apps)
  trap('TERM') { server.shutdown }
  server.start
end

if $PROGRAM_NAME == __FILE__
  config = JSON.parse(File.read(ARGV[0]))
  serve(Servlet, config['apps'].transform_values { |c| App.new(c) }, config)
end
