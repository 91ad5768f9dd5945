//! Pages of lists: newest first, each continued behind its last item.

use form_urlencoded::Serializer;
use serde_json::{Value, json};

use super::{
    fields::read_date,
    wire::{Refusal, Reply, Request},
    world::{Item, Kind, World},
};

/// How a list answers.
pub(super) struct List<'a> {
    /// What is in it.
    pub(super) kind: Kind,
    /// The name of the array.
    pub(super) key: &'a str,
    /// Whether it is of the newer APIs.
    pub(super) meta: bool,
    /// What the order follows: the date of sending where there is one.
    pub(super) order: fn(&Item) -> i64,
}

impl<'a> List<'a> {
    pub(super) fn new(kind: Kind, key: &'a str) -> Self {
        Self { kind, key, meta: false, order: |item| item.at }
    }

    /// A page of what fits.
    pub(super) fn page(
        &self,
        world: &World,
        request: &Request,
        fits: impl Fn(&Item) -> bool,
    ) -> Result<Reply, Refusal> {
        let size = match request.parameter("PageSize") {
            None => 50,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| Refusal::bad(20001, "The page size is no number"))?
                .min(1000),
        };
        let number: usize =
            request.parameter("Page").and_then(|text| text.parse().ok()).unwrap_or(0);
        // Gone ones keep their place, so that a page can begin behind one.
        let mut all: Vec<&Item> = world.of(self.kind).collect();
        all.reverse();
        all.sort_by_key(|item| std::cmp::Reverse((self.order)(item)));
        let start = match request.parameter("PageToken") {
            None => 0,
            Some(token) => {
                let place = token
                    .strip_prefix("PA")
                    .and_then(|sid| all.iter().position(|item| item.sid == sid));
                place.ok_or_else(|| Refusal::bad(21481, "Invalid PageToken"))? + 1
            }
        };
        let mut rest = all[start..].iter().filter(|item| !item.gone && fits(item));
        let shown: Vec<&Item> = rest.by_ref().take(size).copied().collect();
        let more = rest.next().is_some();
        let next = if world.endless {
            Some(self.address(world, request, size, number, None))
        } else {
            let last = shown.last().filter(|_| more);
            last.map(|item| self.address(world, request, size, number + 1, Some(&item.sid)))
        };
        let first = self.address(world, request, size, 0, None);
        let here = self.address(
            world,
            request,
            size,
            number,
            request.parameter("PageToken").and_then(|token| token.strip_prefix("PA")),
        );
        let items: Vec<Value> =
            shown.iter().map(|item| Value::Object(item.fields.clone())).collect();
        let (from, to) = if items.is_empty() {
            (0, 0)
        } else {
            (number * size, number * size + items.len() - 1)
        };
        Ok(Reply::page(&if self.meta {
            json!({
                self.key: items,
                "meta": {
                    "key": self.key, "page": number, "page_size": size, "first_page_url": first,
                    "previous_page_url": null, "url": here, "next_page_url": next,
                },
            })
        } else {
            json!({
                self.key: items, "first_page_uri": first, "previous_page_uri": null,
                "next_page_uri": next, "uri": here, "page": number, "page_size": size,
                "start": from, "end": to,
            })
        }))
    }

    /// The address of a page: the filters of the request, then what makes the page.
    fn address(
        &self,
        world: &World,
        request: &Request,
        size: usize,
        number: usize,
        after: Option<&str>,
    ) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in request.parameters() {
            if !matches!(name.as_str(), "PageSize" | "Page" | "PageToken") {
                query.append_pair(name, value);
            }
        }
        query.append_pair("PageSize", &size.to_string()).append_pair("Page", &number.to_string());
        if let Some(sid) = after {
            query.append_pair("PageToken", &format!("PA{sid}"));
        }
        let path = format!("{}?{}", request.path, query.finish());
        if !self.meta {
            return path;
        }
        // The newer APIs name the whole address, on the host that was asked.
        let base = if request.host.is_empty() {
            world.base.clone()
        } else {
            format!("http://{}", request.host)
        };
        format!("{base}{path}")
    }
}

/// A filter by date: a day, from a day or moment on, up to one.
pub(super) struct Between {
    from: Option<i64>,
    to: Option<i64>,
}

impl Between {
    /// Reads `name`, `name<` and `name>`.
    pub(super) fn read(request: &Request, name: &str) -> Result<Self, Refusal> {
        let unreadable = || Refusal::bad(20001, format!("{name} is no date"));
        let bound = |suffix: &str| match request.parameter(&format!("{name}{suffix}")) {
            None => Ok(None),
            Some(text) => read_date(text).ok_or_else(unreadable).map(Some),
        };
        let (mut from, mut to) = (bound(">")?.map(|span| span.0), bound("<")?.map(|span| span.1));
        if let Some((start, end)) = bound("")? {
            from = Some(from.map_or(start, |known: i64| known.max(start)));
            to = Some(to.map_or(end, |known: i64| known.min(end)));
        }
        Ok(Self { from, to })
    }

    /// Whether a moment is in it. What has none is in no filter.
    pub(super) fn holds(&self, moment: Option<i64>) -> bool {
        match moment {
            None => self.from.is_none() && self.to.is_none(),
            Some(moment) => {
                self.from.is_none_or(|from| moment >= from) && self.to.is_none_or(|to| moment <= to)
            }
        }
    }
}
