"""The administration: projects and who belongs to them. What was observed is not edited by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from monitor.models import Membership, Project

if TYPE_CHECKING:
    MembershipRows = admin.TabularInline[Membership, Project]
    ProjectBase = admin.ModelAdmin[Project]
    MembershipBase = admin.ModelAdmin[Membership]
    MembershipFormBase = ModelForm[Membership]
else:
    MembershipFormBase = ModelForm
    MembershipRows = admin.TabularInline
    ProjectBase = MembershipBase = admin.ModelAdmin


class MembershipForm(MembershipFormBase):
    """A member with a role."""

    class Meta:
        model = Membership
        fields = ("user", "role")

    def save(self, commit: bool = True) -> Membership:
        """Stamps a new member."""
        if self.instance.created_at is None:
            self.instance.created_at = timezone.now()
        saved: Membership = super().save(commit)
        return saved


class MembershipInline(MembershipRows):
    """The people of a project."""

    model = Membership
    form = MembershipForm
    extra = 1
    fields = ("user", "role")
    autocomplete_fields = ("user",)


@admin.register(Project)
class ProjectAdmin(ProjectBase):
    """Projects with their members."""

    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "time_zone")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm[Project], change: bool) -> None:
        """Stamps a new project."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(Membership)
class MembershipAdmin(MembershipBase):
    """Who may do what, where."""

    list_display = ("user", "project", "role")
    list_filter = ("role", "project")
    fields = ("user", "project", "role")
    autocomplete_fields = ("user", "project")
    search_fields = ("user__username", "user__email", "project__name")

    def save_model(self, request: HttpRequest, obj: Membership, form: ModelForm[Membership], change: bool) -> None:
        """Stamps a new membership."""
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)
