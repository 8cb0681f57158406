//! In place of the ranks in a program that was built without MPI.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;

use super::{Asked, Part};
use crate::backend::Around;
use crate::commands::config::Config;
use crate::commands::input::Wanted;
use crate::commands::larger::Extent;
use crate::commands::once::Finished;
use crate::os::interrupt::Interrupt;
use crate::report::timeline::Timeline;

pub(in crate::commands) enum Cluster {}
pub(in crate::commands) enum Follower {}
pub(in crate::commands) enum Assembly<'a> {
    #[expect(dead_code, reason = "for the lifetime; the type has no value")]
    Never(&'a Cluster, std::convert::Infallible),
}

pub(super) fn join(_: Asked<'_>) -> anyhow::Result<Part> {
    anyhow::bail!(
        "--backend mpi: this wordhash was built without MPI; build it with `cargo install --path . \
         --features mpi` (Debian: libopenmpi-dev, openmpi-bin, libclang-dev)"
    )
}

impl Cluster {
    pub(in crate::commands) fn size(&self) -> NonZeroUsize {
        match *self {}
    }

    pub(in crate::commands) fn is_launched(&self) -> bool {
        match *self {}
    }

    pub(in crate::commands) fn open(
        &self,
        _: &Wanted,
        _: &Interrupt,
    ) -> anyhow::Result<Assembly<'_>> {
        match *self {}
    }

    pub(in crate::commands) fn dismiss(&self, _: u8) {
        match *self {}
    }
}

impl Follower {
    pub(in crate::commands) fn obey(&self) -> anyhow::Result<u8> {
        match *self {}
    }

    pub(in crate::commands) fn abort(&self, _: u8) {
        match *self {}
    }
}

impl Assembly<'_> {
    fn never(&self) -> ! {
        let Self::Never(cluster, _) = self;
        match **cluster {}
    }

    pub(in crate::commands) fn extent(&self) -> Extent {
        self.never()
    }

    pub(in crate::commands) fn had_byte_order_mark(&self) -> bool {
        self.never()
    }

    pub(in crate::commands) fn file(&self) -> anyhow::Result<OwnedFd> {
        self.never()
    }

    pub(in crate::commands) fn once(&self, _: &Config, _: &Around<'_>) -> anyhow::Result<Finished> {
        self.never()
    }

    pub(in crate::commands) fn timeline(
        &self,
        _: &Config,
        _: String,
        _: &Around<'_>,
    ) -> anyhow::Result<Timeline> {
        self.never()
    }
}
