//! The page, in a real browser.

mod axe;
mod chromium;
mod live;
mod offline;
mod served;
