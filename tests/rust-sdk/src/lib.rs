//! Nothing here: the tests are all that there is. `async-stripe` and what it brings along are built
//! for nobody else.
