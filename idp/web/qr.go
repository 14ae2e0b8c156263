package web

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// QR is a picture of an address for phones: the d of an SVG path, and the side of its
// square with the quiet zone around it.
type QR struct {
	Side int
	Path string
}

const quiet = 4 // modules around the code

// NewQR draws text. What is too long for a code gives none.
func NewQR(text string) QR {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}
	}
	var b strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return QR{Side: code.Size + 2*quiet, Path: b.String()}
}
