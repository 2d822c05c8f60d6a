package api

import (
	"net/http"
	"strconv"

	"headwater/service"
)

// imageOptimizerType is what Fastly names as the type of these errors.
const imageOptimizerType = "https://www.fastly.com/documentation/reference/api/services/image-optimizer-default-settings/"

// imageOptimizer are the actions on the image optimizer's settings, which answer
// their defaults while the product is enabled, and are refused in words and in a
// shape of their own.
type imageOptimizer struct{ objects }

func (o imageOptimizer) get(c *call) ([]byte, error) {
	body, err := o.objects.get(c)
	if !isCode(err, service.Hidden) {
		return body, err
	}
	if _, off := c.Store.Product(c.r.Context(), c.who, c.at.Service, "image_optimizer"); off != nil {
		return nil, err
	}
	v, missing := c.Store.Version(c.r.Context(), c.who, c.at)
	if missing != nil {
		return nil, missing
	}
	return o.kind.AppendJSON(nil, o.kind.Default(), c.place(v.Locked)), nil
}

func (o imageOptimizer) patch(c *call) ([]byte, error) {
	in, err := o.input(c)
	if err != nil {
		return nil, imageOptimizerFault(err)
	}
	for _, q := range []struct{ key, noun string }{{"webp_quality", "WebP"}, {"jpeg_quality", "JPEG"}} {
		if n, err := strconv.Atoi(in[q.key].Text); err == nil && n > 100 {
			return nil, imageOptimizerFault(service.Errorf(service.Invalid, "%s quality must be less than or equal to 100.", q.noun))
		}
	}
	body, err := o.put(c, in)
	return body, imageOptimizerFault(err)
}

// imageOptimizerFault shapes what is wrong with a body; other errors stay as
// they are.
func imageOptimizerFault(err error) error {
	if !isCode(err, service.Invalid) {
		return err
	}
	detail := err.Error()
	return &fault{
		status: http.StatusBadRequest, msg: "Bad request", detail: detail, media: "application/problem+json",
		body: encode(struct {
			Type   string `json:"type"`
			Title  string `json:"title"`
			Detail string `json:"detail"`
		}{imageOptimizerType, "Bad request", detail}),
	}
}
