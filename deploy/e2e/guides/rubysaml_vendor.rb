# A vendor's own site, with SAML by ruby-saml: set up by what its admin typed into its form,
# and by nothing else. Driven by ../guides.test.js.
#
# The JSON file that is its only argument says how the vendor is (base, entity_id, paths: its
# addresses and what they are for; acs, if there is more to it than its path; binding of the
# request) and what was typed in (idp: settings of ruby-saml by name,
# or idp_metadata_url).
require 'webrick/https'
require_relative '../saml/rubysaml_sp'

class Vendor < App
  def settings(_wish = nil)
    s = @conf['idp_metadata_url'] ? IdpMetadataParser.new.parse_remote(@conf['idp_metadata_url']) : Settings.new
    (@conf['idp'] || {}).each { |name, value| s.public_send("#{name}=", value) }
    s.sp_entity_id = @conf['entity_id']
    s.assertion_consumer_service_url = @conf['acs'] || @base + at('acs')
    s.compress_request = @conf['binding'] != 'post'
    s.idp_sso_service_binding = (@conf['binding'] || 'redirect').to_sym
    s.security = s.security.merge(want_assertions_signed: true)
    s
  end

  def hear(form)
    @lock.synchronize { @last = Base64.decode64(form['SAMLResponse']) }
    super
  end

  # last is the latest answer as it came.
  attr_reader :last

  def at(step) = @conf['paths'].key(step)
  def route(path) = @conf['paths'][path]
end

class VendorServlet < Servlet
  def route(path) = ['vendor', @apps['vendor'].route(path)]

  def do_GET(req, res)
    return super unless route(req.path)[1] == 'last'
    res['Content-Type'] = 'text/plain'
    res.body = @apps['vendor'].last.to_s
  end

  # carry: at a vendor, the session is at the address that people open.
  def carry(res, message)
    app = @apps['vendor']
    super(res, message[:to] == app.base + '/session' ? { to: app.base + app.at('session') } : message)
  end
end

config = JSON.parse(File.read(ARGV[0]))
serve(VendorServlet, { 'vendor' => Vendor.new(config) }, config, SSLEnable: true,
      SSLCertificate: OpenSSL::X509::Certificate.new(File.read(config['certificate'])), SSLPrivateKey: OpenSSL::PKey.read(File.read(config['key'])))
