//! The API, asked as SDKs ask.
