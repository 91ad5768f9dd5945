//! What the loader could not read is not run, nor is anything that belongs to it: a request before it
//! would have been made in vain.

use crate::apps::{App, AppError, ErrorType, plan::Request};

/// Refuses requests of which one is broken, endpoints included.
pub(super) fn expect(app: &App, requests: &[Request]) -> Result<(), AppError> {
    let endpoints = requests.iter().flat_map(|request| {
        let further = request.pagination.as_ref().and_then(|next| next.endpoint.as_ref());
        request.endpoint.iter().chain(further)
    });
    let endpoints = endpoints.filter_map(|call| app.endpoints.get(&*call.name));
    let inner = endpoints.flat_map(|endpoint| &endpoint.requests);
    match requests.iter().chain(inner).find_map(|request| request.broken.as_ref()) {
        None => Ok(()),
        Some(why) => {
            let message = format!(
                "This part of the app cannot be run. {}:{}: {}",
                why.file, why.path, why.message
            );
            Err(AppError::new(ErrorType::InvalidConfigurationError, message))
        }
    }
}
