// Package store keeps what the provider must not forget, in SQLite or
// PostgreSQL. It is the only room that knows gorm. It opens and seals: callers
// hold values in clear, the database holds TOTP keys, phone numbers, queued
// messages and signing keys sealed with AES-GCM, and codes, cookies and tokens
// as hashes (T-52).
//
// Work happens in [Store.View] and [Store.Update]. On SQLite there is one
// writer; updates that arrive together share one durable commit.
package store
