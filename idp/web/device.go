package web

import "net/http"

// Device is the page that asks for the code that a device shows: one form, posted to
// /device, with the field user_code.
type Device struct {
	UserCode string // as typed
	Error    string // what was wrong with it
}

// Device writes the page.
func (p *Pages) Device(w http.ResponseWriter, r *http.Request, status int, page Device) {
	title := "Connect a device"
	if page.Error != "" {
		title = "Error: " + title
	}
	alone(w.Header())
	p.write(w, r, status, "device", frame{Title: title, Page: page})
}

// DeviceConfirm is the page that asks whether the device shows the same code: one form,
// posted to /device, whose button is named confirm with the value yes or no.
type DeviceConfirm struct {
	App      App
	UserCode string
	Token    string
}

// DeviceConfirm writes the page.
func (p *Pages) DeviceConfirm(w http.ResponseWriter, r *http.Request, page DeviceConfirm) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "deviceconfirm", frame{Title: "Connect a device to " + page.App.Name, Page: page})
}

// DeviceDone is the page at the end: the person goes back to the device.
type DeviceDone struct {
	App       App
	Connected bool // false: the person said no
}

// DeviceDone writes the page.
func (p *Pages) DeviceDone(w http.ResponseWriter, r *http.Request, page DeviceDone) {
	title := "The device was not connected"
	if page.Connected {
		title = "The device is connected"
	}
	alone(w.Header())
	p.write(w, r, http.StatusOK, "devicedone", frame{Title: title, Page: page})
}
