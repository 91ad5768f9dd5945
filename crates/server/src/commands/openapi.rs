use std::process::ExitCode;

/// Prints the OpenAPI document of the Twist API.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    super::print(halyard_http_api::twist::openapi::document_text().trim_end());
    Ok(ExitCode::SUCCESS)
}
