// Package msg decodes SAML protocol messages from the one tree that package wire has
// parsed: order and number of elements as the schema says, types checked, everything by
// expanded name. It decides nothing; samlidp does.
package msg
