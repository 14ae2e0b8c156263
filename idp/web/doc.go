// Package web holds every HTML page: templates, styles, one script, and the headers
// that guard them. It knows what a page looks like and nothing of what comes next.
//
// [New] parses the embedded templates once. Each page has one typed model
// ([Login], [Consent], [Problem] …) and one method of the same name on [Pages] that
// writes it. [Pages.Error] turns any error into a helpful page; it is the one writer
// of errors for people.
//
// The rules of all pages: they work without JavaScript; no script or style stands
// inside them (CSP `script-src 'self'`); every address respects the issuer's path;
// styles and scripts have their content's hash in the name and may be kept for ever.
package web
