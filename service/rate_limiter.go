package service

import (
	"encoding/json"
	"slices"
	"strconv"
)

// A RateLimiter bounds how often one client may call.
type RateLimiter struct {
	Base
	FeatureRevision                          int64
	UpdateAvailable                          bool
	URIDictionaryName, ResponseObjectName    *string
	LoggerType                               *string
	HTTPMethods, ClientKey                   []string
	RPSLimit, WindowSize, PenaltyBoxDuration int64
	Action                                   string
	Response                                 LimitResponse
}

// RateLimiterKind is the rate limiter's row in the engine.
var RateLimiterKind = register(spec[RateLimiter]{
	Name:  "rate-limiters",
	Model: "RateLimiter",
	Noun:  "rate_limiter",
	Wire:  Numbers,
	ByID:  true,
	Times: NoDeletedAt,
	Fields: []Field[RateLimiter]{
		{Name: "id", At: func(r *RateLimiter) any { return &r.ID }, Access: Never},
		{Name: "name", At: func(r *RateLimiter) any { return &r.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "feature_revision", At: func(r *RateLimiter) any { return &r.FeatureRevision }, Default: int64(1), Min: 1, Max: maxCount},
		{Name: "feature_update_available", At: func(r *RateLimiter) any { return &r.UpdateAvailable }, Access: Never},
		{Name: "uri_dictionary_name", At: func(r *RateLimiter) any { return &r.URIDictionaryName }, Empty: EmptyIsNull, MaxLen: maxName, Refers: "dictionary", Late: true},
		{Name: "http_methods", At: func(r *RateLimiter) any { return &r.HTTPMethods }, Required: true, Check: checkToken("http_methods")},
		{Name: "rps_limit", At: func(r *RateLimiter) any { return &r.RPSLimit }, Required: true, Min: 10, Max: 10_000},
		{Name: "window_size", At: func(r *RateLimiter) any { return &r.WindowSize }, Required: true, Min: 1, Max: 60},
		{Name: "client_key", At: func(r *RateLimiter) any { return &r.ClientKey }, Required: true},
		{Name: "penalty_box_duration", At: func(r *RateLimiter) any { return &r.PenaltyBoxDuration }, Required: true, Min: 1, Max: 60},
		{Name: "action", At: func(r *RateLimiter) any { return &r.Action }, Required: true, Enum: []string{"response", "response_object", "log_only"}},
		{Name: "response", At: func(r *RateLimiter) any { return &r.Response }},
		{Name: "response_object_name", At: func(r *RateLimiter) any { return &r.ResponseObjectName }, Empty: EmptyIsNull, MaxLen: maxName, Refers: "response_object", Late: true},
		{Name: "logger_type", At: func(r *RateLimiter) any { return &r.LoggerType }, Empty: EmptyIsNull},
	},
	Settle:  (*RateLimiter).settle,
	Missing: func(Ref, string) string { return "Cannot find vclmodule ''" },
})

func (r *RateLimiter) settle(in Input, _ bool) error {
	if !slices.Contains([]int64{1, 10, 60}, r.WindowSize) {
		return Errorf(Invalid, "'window_size' must be one of 1, 10, 60")
	}
	// Forms write the parts of the answer as keys of their own.
	for _, part := range []string{"status", "content", "content_type"} {
		if v, sent := in["response["+part+"]"]; sent {
			if err := r.Response.set(part, v.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// A LimitResponse is what a client over the limit is answered; null until Set.
type LimitResponse struct {
	Set                  bool
	Status               int64
	Content, ContentType string
}

type limitResponse struct {
	Status      any    `json:"status"` // a number, or its digits
	Content     string `json:"content"`
	ContentType string `json:"content_type"`
}

func (l *LimitResponse) reset() { *l = LimitResponse{} }

func (l *LimitResponse) set(part, text string) error {
	l.Set = true
	switch part {
	case "status":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 100 || n > 999 {
			return Errorf(Invalid, "'response[status]' must be a whole number from 100 to 999")
		}
		l.Status = n
		return nil
	case "content":
		l.Content = text
		return checkText("response[content]", text, maxExpression, true)
	}
	l.ContentType = text
	return checkText("response[content_type]", text, maxText, false)
}

func (l *LimitResponse) assign(name string, v Value) error {
	l.reset()
	if v.Text == "" {
		return nil
	}
	var in limitResponse
	if v.Type != NestedValue || json.Unmarshal([]byte(v.Text), &in) != nil {
		return Errorf(Invalid, "'%s' must be an object of status, content and content_type", name)
	}
	status, ok := in.Status.(string)
	if n, isNumber := in.Status.(float64); isNumber {
		status, ok = strconv.FormatFloat(n, 'f', -1, 64), true
	}
	if !ok {
		return Errorf(Invalid, "'%s[status]' is required", name)
	}
	for part, text := range map[string]string{"status": status, "content": in.Content, "content_type": in.ContentType} {
		if err := l.set(part, text); err != nil {
			return err
		}
	}
	return nil
}

func (l *LimitResponse) append(dst []byte) []byte {
	if !l.Set {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"status":`...)
	dst = strconv.AppendInt(dst, l.Status, 10)
	dst = append(dst, `,"content":`...)
	dst = appendText(dst, l.Content)
	dst = append(dst, `,"content_type":`...)
	dst = appendText(dst, l.ContentType)
	return append(dst, '}')
}

func (l *LimitResponse) load(value []byte) error {
	return l.assign("response", Value{Type: NestedValue, Text: string(value)})
}
